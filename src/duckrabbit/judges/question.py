"""A question put to a judge: is what was asked for read in every look?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import Judge
from duckrabbit.judges.looks import Look


@dataclass(frozen=True)
class Question:
    """Looks at a picture, and the class that is to be read in each.

    Attributes:
        judge: who is asked.
        looks: one or more.
        classes: the judge's class for each look.
    """

    judge: Judge
    looks: tuple[Look, ...]
    classes: tuple[int, ...]

    def log_probabilities(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """For each look, pictures [N, C, S, S] → log p of each class, [N, K]."""
        return tuple(self.judge.log_probabilities(look.see(pictures)) for look in self.looks)

    def readings(self, pictures: Tensor) -> Tensor:
        """Log p of what is asked for, picture by picture and look by look, [N, L]."""
        every = self.log_probabilities(pictures)
        return torch.stack([own[:, wanted] for own, wanted in zip(every, self.classes, strict=True)], dim=1)

    def scores(self, pictures: Tensor) -> Tensor:
        """A picture's score, [N]: the log p of the look in which it is least readable."""
        return self.readings(pictures).amin(dim=1)

    def places(self, pictures: Tensor) -> Tensor:
        """The place of what is asked for in the judge's order, from 1, int64 [N, L]."""
        every = self.log_probabilities(pictures)
        return torch.stack(
            [1 + (own > own[:, [wanted]]).sum(dim=1) for own, wanted in zip(every, self.classes, strict=True)], dim=1
        )

    def read(self, pictures: Tensor, among: int = 1) -> Tensor:
        """Whether what is asked for is among the judge's first readings in every look, bool [N]."""
        return (self.places(pictures) <= among).all(dim=1)


def scores_each(questions: Sequence[Question], pictures: Tensor) -> Tensor:
    """As `readings_each`, each picture's score, [N]."""
    return readings_each(questions, pictures).amin(dim=1)


def readings_each(questions: Sequence[Question], pictures: Tensor) -> Tensor:
    """Log p of what each picture [N, C, S, S] is asked for by its own of N questions, look by look, [N, L].

    The questions must agree in all but what they ask for: one judge, and the same ways to look.
    """
    first = questions[0]
    wanted = torch.tensor([question.classes for question in questions])
    every = first.log_probabilities(pictures)
    return torch.stack([own.gather(1, wanted[:, [look]])[:, 0] for look, own in enumerate(every)], dim=1)


def question_of(judge: Judge, looks: Sequence[Look]) -> Question:
    """The question whether these looks show what they should.

    Raises:
        UsageError: if there is nothing to be read, or the judge has no name for it.
    """
    if not looks:
        raise UsageError("Nothing is asked for, so no judge can say how well it is read: give a prompt.")
    classes = []
    for look in looks:
        found = judge.asked_for(look.prompt)
        if found is None:
            known = "one digit, 0 to 9" if judge.kind == "digits" else "a thing with a name, such as a rabbit"
            raise UsageError(
                f"The judge has no name for what {look.prompt!r} asks for, so it can't say how well it is read: "
                f"ask for {known}."
            )
        classes.append(found)
    return Question(judge, tuple(looks), tuple(classes))
