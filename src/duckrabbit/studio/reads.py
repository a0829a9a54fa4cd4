"""What the reporting judge reads in any picture: look by look, as it remembers what is to be seen, or in some views."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import parse_view
from duckrabbit.judges.judge import READINGS, Judge, Kind, load_judge
from duckrabbit.judges.looks import Look, as_it_is, from_afar
from duckrabbit.making.record import recipe_of
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.png import read_metadata
from duckrabbit.recipes.source import on_light_ground
from duckrabbit.studio.facts import Facts
from duckrabbit.studio.sources import kept
from duckrabbit.studio.tasks import PAGE

FIRST = 3
VIEWS = ("rotate-180", "flip", "rotate-90")


def read_out(content: bytes, name: str, facts: Facts) -> dict[str, Any]:
    """The names that the judge reads first in each look, how sure it is, and the place of what was asked for.

    Args:
        content: the bytes of any picture.
        name: what it is called.
        facts: of the model at hand, whose kind of pictures it is taken for where it says nothing of itself.

    Raises:
        UsageError: if it is no picture.
    """
    with kept(content, name) as path:
        try:
            recipe = recipe_of(read_metadata(path))
            looks, kind = recipe.looks, _kind_of(recipe.prompts)
        except UsageError:
            looks, kind = _some_views(), "digits" if facts.kind == "digits" else "pictures"
        own = bool(looks and looks[0].prompt)
        pixels = read_picture(path, READINGS[kind].side, READINGS[kind].channels)
    if not own and kind == "digits" and on_light_ground(pixels):
        pixels = -pixels
    judge = _judge(kind)
    return {"names": len(judge.names), "looks": [_told(judge, look, pixels[None]) for look in looks or _some_views()]}


def _told(judge: Judge, look: Look, pixels: Any) -> dict[str, Any]:
    [log_p] = judge.log_probabilities(look.see(pixels))
    first = [[judge.names[k], round(float(log_p[k].exp()), 4)] for k in log_p.topk(FIRST).indices.tolist()]
    wanted = judge.asked_for(look.prompt) if look.prompt else None
    place = None if wanted is None else 1 + int((log_p > log_p[wanted]).sum())
    return {"look": look.name, "prompt": look.prompt, "place": place, "first": first}


def _some_views() -> tuple[Look, ...]:
    named = (Look(PAGE.view_names[view].lower(), "", parse_view(view)) for view in VIEWS)
    return Look("upright", "", as_it_is), *named, Look("from afar", "", from_afar)


def _kind_of(prompts: Sequence[str]) -> Kind:
    return "digits" if prompts and all(len(prompt) == 1 and prompt.isdigit() for prompt in prompts) else "pictures"


@cache
def _judge(kind: Kind) -> Judge:
    return load_judge(kind, "reporting")
