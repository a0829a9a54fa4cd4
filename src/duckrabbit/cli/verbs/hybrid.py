"""duckrabbit hybrid"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import CropName, Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture
    from duckrabbit.models.model import Model
    from duckrabbit.recipes.hybrid import Part

PARTS = ("far", "mid", "near", "grey", "colour", "blurred", "sharp", "small", "large")
Prompt = Annotated[str | None, option("PROMPT")]
Image = Annotated[str | None, option("IMAGE")]


@dataclass(frozen=True)
class Parts:
    """What each part shows: a prompt, or for one of them a picture of which that part is kept."""

    far: Prompt = None
    """seen from afar"""
    mid: Prompt = None
    """seen in between, with far and near"""
    near: Prompt = None
    """seen close by"""
    grey: Prompt = None
    """seen without colour"""
    colour: Prompt = None
    """seen in colour"""
    blurred: Prompt = None
    """seen in motion"""
    sharp: Prompt = None
    """seen at rest"""
    small: Prompt = None
    """seen when shrunk"""
    large: Prompt = None
    """seen at full size"""
    far_image: Image = None
    """keep the far part of this picture"""
    mid_image: Image = None
    """keep the middle part"""
    near_image: Image = None
    """keep the near part"""
    grey_image: Image = None
    """keep the grey part"""
    colour_image: Image = None
    """keep the colours"""
    blurred_image: Image = None
    """keep the blurred part"""
    sharp_image: Image = None
    """keep the sharp part"""
    small_image: Image = None
    """keep the small part"""
    large_image: Image = None
    """keep the large part"""

    def prompt(self, name: str) -> str | None:
        """The prompt of a part."""
        prompt: str | None = getattr(self, name)
        return prompt

    def image(self, name: str) -> str | None:
        """The picture of a part."""
        image: str | None = getattr(self, f"{name}_image")
        return image


@dataclass(frozen=True)
class Options(Making):
    """Make a picture whose parts show different things: duckrabbit hybrid --far 3 --near 8"""

    parts: Parts = field(default_factory=Parts)
    sigma: Annotated[float, option("SIGMA")] = 2.0
    """where far ends and near begins: a Gaussian in pixels of a picture 64 wide (2)"""
    near_scale: Annotated[float, option("FACTOR")] = 1.0
    """how many times as much guidance the finest part has: near, colour, sharp or large (1)"""
    crop: CropName = ""
    """which square of the picture: centre (the default), left, right, top, bottom, pad, or a box X0,Y0,X1,Y1"""
    pairs: Annotated[str | None, option("FILE")] = None
    """in place of parts: a file with FAR | NEAR or FAR | MID | NEAR on each line; killed, it goes on where it was"""


def run(options: Options) -> int:
    """Make the pictures."""
    if options.pairs is not None and options.parts != Parts():
        from duckrabbit.errors import UsageError

        raise UsageError("Both prompts and --pairs were given: give one of them.")
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import is_picture, say
    from duckrabbit.recipes.hybrid import Hybrid

    given = options.parts
    names = _given(given, options.crop)
    prompts = {name: options.wording.styled(prompt) for name in names if (prompt := given.prompt(name)) is not None}
    for name in prompts:
        if is_picture(word := given.prompt(name) or ""):
            say(f"note: {word} is a picture, and --{name} takes words: the picture itself goes to --{name}-image")
    image = next((image for name in names if (image := given.image(name)) is not None), None)
    model = opener.open(options.computing, list(prompts.values()), image, options.output.size)
    options.wording.refuse_empty((given.prompt(name) or "" for name in prompts), model)
    final = model.at(options.output.size)
    parts = {name: _part(given, name, prompts.get(name), final, options.crop) for name in names}
    recipe = Hybrid(parts, options.sigma, options.wording.negative_prompt, None, options.near_scale)
    planned = options.sampling.plan(recipe, model, options.output.size)
    shown = {name: part.prompt if part.picture is None else part.picture.name for name, part in parts.items()}
    return [Job(planned, " ".join(f"{name} {what or ''}" for name, what in shown.items()), details={"parts": shown})]


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """A sheet of several pictures from near and far."""
    from duckrabbit.cli.sheets import write_sheet
    from duckrabbit.judges.looks import far_factor, from_afar

    if len(made) < 2:
        return
    whole = [row[0].pixels for row in made]
    rows = [
        ("near (full size)", whole),
        (f"far (shrunk by {far_factor(whole[0].shape[-1])})", [from_afar(pixels[None])[0] for pixels in whole]),
    ]
    write_sheet(options.output, "hybrid", jobs[0].slug, rows, [f"seed {row[0].seed}" for row in made])


def _with_prompts(options: Options, prompts: tuple[str, ...]) -> Options:
    """The options of one line of --pairs: far and near, or far, mid and near."""
    from duckrabbit.errors import UsageError

    if len(prompts) not in (2, 3):
        raise UsageError(f"{len(prompts)} prompts make no hybrid: give FAR | NEAR or FAR | MID | NEAR.")
    far, *middle, near = prompts
    return replace(options, parts=Parts(far=far, mid=middle[0] if middle else None, near=near), pairs=None)


def _given(parts: Parts, crop: str) -> list[str]:
    """The names of the parts that were given; raises UsageError unless they make a hybrid, and a crop has a picture."""
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.hybrid import DECOMPOSITIONS

    for name in PARTS:
        if parts.prompt(name) is not None and parts.image(name) is not None:
            raise UsageError(f"--{name} and --{name}-image were both given: give the part {name} one of them.")
    names = [name for name in PARTS if parts.prompt(name) is not None or parts.image(name) is not None]
    if set(names) not in [set(kind) for kind in DECOMPOSITIONS]:
        kinds = "; ".join(" and ".join(f"--{name}" for name in kind) for kind in DECOMPOSITIONS)
        raise UsageError(f"The parts {', '.join(names) or '(none)'} make no hybrid: give {kinds}.")
    if sum(parts.image(name) is not None for name in names) > 1:
        raise UsageError("A hybrid keeps a part of one picture at the most: give the other parts prompts.")
    if crop and all(parts.image(name) is None for name in names):
        raise UsageError("--crop says which square of a picture, and there is none: leave it out, or give --far-image.")
    return names


def _part(parts: Parts, name: str, prompt: str | None, model: "Model", crop: str) -> "Part":
    from duckrabbit.cli.sources import read_source
    from duckrabbit.recipes.hybrid import Part

    image = parts.image(name)
    return Part(prompt or "") if image is None else Part(picture=read_source(image, model, crop))


MAKER = Maker(jobs, show, _with_prompts)
