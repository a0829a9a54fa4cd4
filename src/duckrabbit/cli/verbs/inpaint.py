"""duckrabbit inpaint"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import Flag, Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture
    from duckrabbit.models.model import Model
    from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Options(Making):
    """Paint a region of a picture anew: duckrabbit inpaint mnist:test/7 --mask-box 0,14,28,28 3"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    words: Positional[Annotated[tuple[str, ...], option("[MASK] [PROMPT]")]] = ()
    """a mask, white where to paint, or the photo with a transparent hole (left out with --mask-box or --mask-ellipse),
    then what to paint"""
    mask_box: Annotated[str | None, option("X0,Y0,X1,Y1")] = None
    """paint this box, in pixels of the model's own picture (its first stage's) from the top left"""
    mask_ellipse: Annotated[str | None, option("X0,Y0,X1,Y1")] = None
    """paint the ellipse that fits this box"""
    invert_mask: Flag = False
    """paint where the mask is black, and keep what is white; of a box or ellipse paint all the rest"""
    resamplings: Annotated[int, option("N")] = 1
    """how often each step is made, for a smoother seam (1)"""


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import read_source
    from duckrabbit.recipes.inpaint import Inpaint

    mask_file, words = _mask_and_words(options)
    prompt, size = options.wording.one_of(tuple(words), "inpaint"), options.output.size
    model = opener.open(options.computing, [] if prompt is None else [prompt], options.image, size)
    final = model.at(size)
    if mask_file is not None:
        _check_shapes(options.image, mask_file)
    source = read_source(options.image, final)
    mask = _mask(options, mask_file, model, final)
    recipe = Inpaint(
        source, mask, prompt, options.resamplings, options.wording.negative_prompt, None, options.invert_mask
    )
    planned = options.sampling.plan(recipe, model, size)
    return [Job(planned, f"{options.image} {prompt or ''}", details={"mask": mask.name})]


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture, the mask, the hole, and what was painted into it, where there are several."""
    from duckrabbit.cli.sheets import write_sheet

    if len(made) < 2:
        return
    final, (picture, mask) = jobs[0].planned.final, jobs[0].planned.recipe.sources
    painted, known = mask.mask(final).cpu(), picture.pixels(final).cpu()
    shown = [known, painted[None] * 2 - 1, known.where(painted == 0, 1.0), *(row[0].pixels for row in made)]
    labels = ["original", "mask", "hole", *(f"seed {row[0].seed}" for row in made)]
    write_sheet(options.output, "inpaint", jobs[0].slug, [("", shown)], labels)


def _check_shapes(image: str, mask: str) -> None:
    """Raise UsageError where picture and mask, read whole, are not of one shape."""
    from duckrabbit.errors import UsageError
    from duckrabbit.media.decode import shape_of
    from duckrabbit.media.shipped import is_digit, is_shipped

    square = is_digit(image) or is_shipped(image)
    if "-" in (image, mask):
        return
    across, down = shape_of(mask)
    width, height = (down, down) if square else shape_of(image)
    # Of one shape, give or take a pixel of either on each side.
    if not (_within_a_pixel(width / height, across, down) or _within_a_pixel(across / down, width, height)):
        whole = "a square" if square else f"{width}×{height}"
        raise UsageError(
            f"The mask {mask} is {across}×{down} and the picture {image} is {whole}: "
            "give a mask of the picture's shape."
        )


def _within_a_pixel(ratio: float, width: int, height: int) -> bool:
    """Whether a picture with a pixel more or less on each side can be so many times as wide as it is high."""
    return (width - 1) / (height + 1) <= ratio and (height == 1 or ratio <= (width + 1) / (height - 1))


def _mask_and_words(options: Options) -> tuple[str | None, Sequence[str]]:
    """The mask's file, if it is one, and the words that remain; raises UsageError unless there is one mask."""
    from duckrabbit.errors import UsageError

    shapes = [shape for shape in (options.mask_box, options.mask_ellipse) if shape is not None]
    if len(shapes) > 1:
        raise UsageError("Both --mask-box and --mask-ellipse were given: give one of them, or a mask as a picture.")
    if shapes:
        return None, options.words
    if not options.words:
        raise UsageError("Nothing says where to paint: give a mask after the image, --mask-box or --mask-ellipse.")
    return options.words[0], options.words[1:]


def _mask(options: Options, file: str | None, model: "Model", final: "Model") -> "Source":
    """The mask at the size of the stage that makes the picture; corners are given for the first."""
    from duckrabbit.cli.sources import say
    from duckrabbit.media.masks import box_mask, ellipse_mask
    from duckrabbit.recipes.source import Source

    if file is not None:
        return Source.read_mask(file, final, invert=options.invert_mask, say=say)
    times = final.size // model.size
    shape, draw, corners = (
        ("ellipse", ellipse_mask, options.mask_ellipse or "")
        if options.mask_box is None
        else ("box", box_mask, options.mask_box)
    )
    x0, y0, x1, y1 = (times * corner for corner in _corners(f"--mask-{shape}", corners))
    drawn = draw(x0, y0, x1, y1, size=final.size)
    return Source.of_mask(f"{shape} {corners}", 1 - drawn if options.invert_mask else drawn)


def _corners(name: str, text: str) -> tuple[float, float, float, float]:
    from duckrabbit.errors import UsageError

    try:
        x0, y0, x1, y1 = (float(number) for number in text.split(","))
    except ValueError:
        raise UsageError(f"{name} can't be {text!r}: give four numbers x0,y0,x1,y1, such as 0,14,28,28.") from None
    return x0, y0, x1, y1


MAKER = Maker(jobs, show)
