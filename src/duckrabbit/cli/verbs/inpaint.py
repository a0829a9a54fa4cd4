"""duckrabbit inpaint"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import CropName, Flag, Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture
    from duckrabbit.making.paste_back import PasteBack
    from duckrabbit.media.crop import Crop
    from duckrabbit.models.model import Model
    from duckrabbit.recipes.inpaint import Inpaint
    from duckrabbit.recipes.source import Source


MEASURED = 256
"""The side at which it is measured how much of a mask is cut off, and"""
LEAST_CUT = 0.02
"""the share from which that is said."""

ORDER = "IMAGE MASK PROMPT"


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
    resamplings: Annotated[int | None, option("N")] = None
    """how often each step is made, so that what is painted fits what is there (pocket 2, others 1)"""
    crop: CropName = ""
    """which square of photo and mask: centre (the default), left, right, top, bottom, pad, or a box X0,Y0,X1,Y1"""
    paste_back: Flag = False
    """give the whole photo at its own size, the painted part enlarged into it and all else as it was"""


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import check_order, read_source
    from duckrabbit.recipes.inpaint import Inpaint

    check_order(options.image, options.words, ORDER)
    mask_file, words = _mask_and_words(options)
    prompt, size = options.wording.one_of(tuple(words), "inpaint"), options.output.size
    model = opener.open(options.computing, [] if prompt is None else [prompt], options.image, size)
    final = model.at(size)
    if mask_file is not None:
        _check_shapes(options.image, mask_file)
    source = read_source(options.image, final, options.crop)
    mask = _mask(options, mask_file, model, final)
    # The courses make each step once.
    resamplings = 1 if options.resamplings is None and options.sampling.like_the_course else options.resamplings
    recipe = Inpaint(source, mask, prompt, resamplings, options.wording.negative_prompt, None, options.invert_mask)
    planned = options.sampling.plan(recipe, model, size)
    back = _paste_back(options, recipe, mask_file, model, final) if options.paste_back else None
    content = None if back is None else partial(back.content, with_mask=not options.output.no_source)
    details = {"mask": mask.name} | ({} if back is None else {"whole": back.photo.image.size})
    return [Job(planned, f"{source.name} {prompt or ''}", details=details, content=content)]


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture, the mask, the hole, and what was painted into it, where there are several.

    Files without their sources show the last alone.
    """
    from duckrabbit.cli.sheets import write_sheet

    if len(made) < 2:
        return
    final, (picture, mask) = jobs[0].planned.final, jobs[0].planned.recipe.sources
    shown, labels = [row[0].pixels for row in made], [f"seed {row[0].seed}" for row in made]
    if not options.output.no_source:
        painted, known = mask.mask(final).cpu(), picture.pixels(final).cpu()
        shown = [known, painted[None] * 2 - 1, known.where(painted == 0, 1.0), *shown]
        labels = ["original", "mask", "hole", *labels]
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
    from duckrabbit.cli.sources import is_picture
    from duckrabbit.errors import UsageError

    if options.mask_box is not None and options.mask_ellipse is not None:
        raise UsageError("Both --mask-box and --mask-ellipse were given: give one of them, or a mask as a picture.")
    first, *others = options.words or ("",)
    if options.mask_box is not None or options.mask_ellipse is not None:
        shape, corners = _drawn(options)
        if is_picture(first):
            raise UsageError(f"Both a mask, {first}, and --mask-{shape} were given: give one of them.")
        if "," not in corners and options.words:
            raise UsageError(
                f"--mask-{shape} can't be {corners!r}: join its four numbers by commas, such as 10,10,40,40."
            )
        return None, options.words
    if is_picture(first) or re.search(r"\.\w{2,4}$", first):
        return first, others
    if later := next((word for word in others if is_picture(word)), None):
        raise UsageError(f"The mask can't be {first!r}, and {later} comes after it: write them in the order {ORDER}.")
    said = f", for {first!r} is no file" if first else ""
    raise UsageError(f"Nothing says where to paint{said}: give a mask after the image, --mask-box or --mask-ellipse.")


def _mask(options: Options, file: str | None, model: "Model", final: "Model") -> "Source":
    """The mask at the size of the stage that makes the picture; corners are given for the first."""
    from duckrabbit.cli.sources import say
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.inpaint import drawn_mask
    from duckrabbit.recipes.source import Source

    if file is not None:
        crop = _mask_crop(options, file)
        _say_what_is_cut(file, crop, options)
        return Source.read_mask(file, final, crop, invert=options.invert_mask, say=say)
    shape, corners = _drawn(options)
    mask = drawn_mask(shape, corners, final.size, model.size, invert=options.invert_mask)
    if not bool(mask.any()):
        raise UsageError(
            f"--mask-{shape} {corners} with --invert-mask paints nothing: it holds the whole picture, so make it "
            "smaller, or leave --invert-mask out."
        )
    return Source.of_mask(f"{shape} {corners}", mask)


def _say_what_is_cut(file: str, crop: "Crop", options: Options) -> None:
    """Say on standard error that some of what is to be painted lies outside of the square that is used."""
    from duckrabbit.cli.sources import say
    from duckrabbit.media.crop import Pad
    from duckrabbit.media.decode import shape_of
    from duckrabbit.media.masks import understood_mask
    from duckrabbit.media.shipped import is_of_package

    if file == "-" or is_of_package(file):
        return
    width, height = shape_of(file)
    areas = []
    for square in (crop, Pad()):
        left, _, right, _ = square.window(width, height)
        if right - left == width == height:
            return
        read = understood_mask(file, MEASURED, black_paints=options.invert_mask, crop=square)
        areas.append(read.share * (right - left) ** 2)
    cut = 1 - areas[0] / areas[1]
    if cut > LEAST_CUT:
        say(f"{file}: {cut:.0%} of what is to be painted lies outside of the square that is used; `crop` takes another")


def _mask_crop(options: Options, file: str) -> "Crop":
    """The square of the mask where the photo's is, should it be of another size."""
    from duckrabbit.media.crop import Box, parse_crop, scaled
    from duckrabbit.media.decode import shape_of
    from duckrabbit.media.shipped import is_of_package

    crop = parse_crop(options.crop)
    if not isinstance(crop, Box) or "-" in (options.image, file) or is_of_package(options.image):
        return crop
    return scaled(crop, shape_of(options.image), shape_of(file))


def _drawn(options: Options) -> tuple[str, str]:
    """The shape and the corners of a mask that is in no file."""
    box = options.mask_box
    return ("ellipse", options.mask_ellipse or "") if box is None else ("box", box)


def _paste_back(options: Options, recipe: "Inpaint", file: str | None, model: "Model", final: "Model") -> "PasteBack":
    """Where in the whole photo the painted part goes, by the mask at the photo's own size."""
    from duckrabbit.errors import UsageError
    from duckrabbit.making.paste_back import PasteBack
    from duckrabbit.media.crop import parse_crop
    from duckrabbit.media.paste import read_photo
    from duckrabbit.media.pictures import read_picture
    from duckrabbit.recipes.source import on_light_ground

    if options.image == "-":
        raise UsageError("--paste-back reads the photo twice, which standard input can't be: give the path of a file.")
    photo, crop = read_photo(options.image), parse_crop(options.crop)
    window = crop.window(*photo.image.size)
    mask = recipe.hole(window[2] - window[0], model.size, file, _mask_crop(options, file) if file else crop)
    light = on_light_ground(read_picture(options.image, final.size, final.channels, crop=crop))
    return PasteBack(photo, window, mask.numpy() > 0, negative=final.dark_ground and light)


MAKER = Maker(jobs, show)
