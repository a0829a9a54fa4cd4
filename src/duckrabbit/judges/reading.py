"""What a judge says of one picture, look by look, in numbers and in words."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from duckrabbit.judges.question import Question

FIRST = 3


@dataclass(frozen=True)
class Reading:
    """One look.

    Attributes:
        look: how the picture was looked at.
        prompt: what was to be seen.
        probability: that the judge gives to it.
        place: of what was asked for in the judge's order, from 1.
        choices: how many classes the judge has.
        first: what it reads first, second and third, and how sure it is.
    """

    look: str
    prompt: str
    probability: float
    place: int
    choices: int
    first: tuple[tuple[str, float], ...]

    @property
    def right(self) -> bool:
        """Whether the first reading is what was asked for."""
        return self.place == 1

    @property
    def chance(self) -> float:
        """How often a guess is right."""
        return 1 / self.choices

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "look": self.look,
            "prompt": self.prompt,
            "probability": round(self.probability, 4),
            "place": self.place,
            "choices": self.choices,
            "chance": self.chance,
            "first": [{"name": name, "probability": round(sure, 4)} for name, sure in self.first],
        }


def readings_of(question: Question, picture: Tensor) -> list[Reading]:
    """What the question's judge sees in a picture [C, S, S].

    Raises:
        UsageError: if there is a NaN among the pixels.
    """
    names = question.judge.names
    told = []
    for look, wanted, own in zip(
        question.looks, question.classes, question.log_probabilities(picture[None]), strict=True
    ):
        log_p = own[0]
        first = tuple((names[k], float(log_p[k].exp())) for k in log_p.topk(min(FIRST, len(names))).indices.tolist())
        place = 1 + int((log_p > log_p[wanted]).sum())
        told.append(Reading(look.name, look.prompt, float(log_p[wanted].exp()), place, len(names), first))
    return told
