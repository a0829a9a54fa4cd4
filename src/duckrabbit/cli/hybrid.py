"""duckrabbit hybrid"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from duckrabbit.cli.options import Computing, Output, Sampling, Wording, option

if TYPE_CHECKING:
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
class Options:
    """Make a picture whose parts show different things: duckrabbit hybrid --far 3 --near 8"""

    parts: Parts = field(default_factory=Parts)
    sigma: Annotated[float, option("SIGMA")] = 2.0
    """where far ends and near begins: a Gaussian in pixels of a picture 64 wide (2)"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import open_model
    from duckrabbit.cli.sheets import far, far_factor, write_sheet
    from duckrabbit.recipes.hybrid import Hybrid

    names = _given(options.parts)
    prompts = {
        name: options.wording.styled(prompt) for name in names if (prompt := options.parts.prompt(name)) is not None
    }
    image = next((image for name in names if (image := options.parts.image(name)) is not None), None)
    model = open_model(options.computing, list(prompts.values()), image, options.output.size)
    final = model.at(options.output.size)
    parts = {name: _part(options.parts, name, prompts.get(name), final) for name in names}
    sampler = sampler_of(options.sampling, model.illusion_sampler)
    recipe = Hybrid(parts, options.sigma, options.wording.negative_prompt, sampler)
    name = " ".join(f"{part} {prompts.get(part, options.parts.image(part) or '')}" for part in names)
    details = {"parts": {part: prompts.get(part, options.parts.image(part)) for part in names}}
    made = produce([Job(recipe, name, details=details)], model, options.output, options.sampling)
    pictures = [row[0] for row in made]
    if len(pictures) > 1:
        whole = [picture.pixels for picture in pictures]
        rows = [
            ("near (full size)", whole),
            (f"far (shrunk by {far_factor(final.size)})", [far(pixels) for pixels in whole]),
        ]
        write_sheet(options.output, "hybrid", name, rows, [f"seed {picture.seed}" for picture in pictures])
    return 0


def _given(parts: Parts) -> list[str]:
    """The names of the parts that were given; raises UsageError unless they make a hybrid."""
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
    return names


def _part(parts: Parts, name: str, prompt: str | None, model: "Model") -> "Part":
    from duckrabbit.cli.session import read_source
    from duckrabbit.recipes.hybrid import Part

    image = parts.image(name)
    return Part(prompt or "") if image is None else Part(picture=read_source(image, model))
