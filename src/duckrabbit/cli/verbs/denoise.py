"""duckrabbit denoise"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import PLAIN, Computing, CropName, Output, Sampling, Searching, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture
    from duckrabbit.models.model import Model
    from duckrabbit.recipes.denoise import Denoise, Method


@dataclass(frozen=True)
class Options:
    """Noise a picture, and take the noise off again: duckrabbit denoise mnist:test/7 --levels 250 500 750"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what it shows"""
    levels: Annotated[tuple[float, ...], option("LEVEL ...")] = ()
    """levels on the model's path, 0 (clean) to 999 (noise)"""
    start: Annotated[tuple[int, ...], option("I ...")] = ()
    """in place of levels: indices on the courses' grid, level 990 − 30 I"""
    noise_sigma: Annotated[tuple[float, ...], option("SIGMA ...")] = ()
    """in place of levels: σ of noise added to a picture in [0, 1]"""
    method: Annotated[str | None, option("METHOD")] = None
    """blur, one-step or iterative (the default where the model can)"""
    blur_kernel: Annotated[int, option("PIXELS")] = 33
    """of the blur: the side of its window, odd, in pixels of a picture 64 wide (33)"""
    blur_sigma: Annotated[float, option("SIGMA")] = 3.0
    """of the blur, in pixels of a picture 64 wide (3)"""
    crop: CropName = ""
    """which square of it: centre (the default), left, right, top, bottom, pad (all of it), or a box X0,Y0,X1,Y1"""
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made, a job for each level."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import check_order, named_levels, read_source
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.denoise import Denoise

    check_order(options.image, options.prompts, "IMAGE PROMPT")
    named = named_levels(_levels(options), options.noise_sigma, "denoise")
    prompt, size = PLAIN.one_of(options.prompts, "denoise"), options.output.size
    model = opener.named(_model_name(options, prompt, opener), options.computing, size)
    method = _method(options.method, model)
    if method != "blur" and (options.blur_kernel, options.blur_sigma) != (Options.blur_kernel, Options.blur_sigma):
        raise UsageError(f"--blur-sigma and --blur-kernel mean nothing to {method}: give --method blur, or leave them.")
    source = read_source(options.image, model.at(size), options.crop)
    every: list[Job] = []
    for n in named:
        recipe = Denoise(source, n.level, method, prompt, options.blur_sigma, options.blur_kernel)
        _refuse_meaningless(options.sampling, recipe)
        planned, stem = options.sampling.plan(recipe, model, size), f"{source.name} {method} {n.slug}"
        every.append(Job(planned, stem, n.label, {**n.details, "method": method}))
    return every


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture, then what was made of it at each level."""
    from duckrabbit.cli.sources import write_row_sheet

    [original], planned = jobs[0].planned.recipe.sources, jobs[0].planned
    name = f"{original.name} {jobs[0].details['method']}"
    write_row_sheet(options.output, name, original.pixels(planned.final), jobs, made)


def _levels(options: Options) -> tuple[float, ...]:
    """The levels of --levels, or of --start on the courses' grid."""
    from duckrabbit.diffusion.grid import COURSE_LEVELS
    from duckrabbit.errors import UsageError

    if options.levels and options.start:
        raise UsageError("Both --levels and --start were given: give one of them.")
    for start in options.start:
        if not 0 <= start < len(COURSE_LEVELS):
            raise UsageError(
                f"start {start} is out of range: give 0 (level 990) to {len(COURSE_LEVELS) - 1} (level 0)."
            )
    return options.levels or tuple(float(COURSE_LEVELS[start]) for start in options.start)


def _model_name(options: Options, prompt: str | None, opener: "Opener") -> str:
    """The model that was given, or that the prompt, the picture or the kind of noise means."""
    from duckrabbit.media.shipped import is_digit

    if options.computing.model is not None:
        return options.computing.model
    if prompt is None and options.noise_sigma and options.method != "iterative" and is_digit(options.image):
        return opener.chosen("mnist-denoiser", "for added noise on digits")
    return opener.chosen_for([] if prompt is None else [prompt], options.image)


def _method(method: str | None, model: "Model") -> "Method":
    """The method that was given, or the best the model can do."""
    from duckrabbit.errors import UsageError

    if method is None:
        return "iterative" if model.knows_level else "one-step"
    methods: dict[str, Method] = {"blur": "blur", "one-step": "one-step", "iterative": "iterative"}
    if method not in methods:
        raise UsageError(f"There is no method {method!r}: the methods are {', '.join(methods)}.")
    return methods[method]


def _refuse_meaningless(sampling: Sampling, recipe: "Denoise") -> None:
    """Raise UsageError if something was said of sampling that has no say in it."""
    from duckrabbit.errors import UsageError

    for name in sampling.given:
        if name not in recipe.sampled_by:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} means nothing to {recipe.method}: leave it out, or give --method iterative.")


MAKER = Maker(jobs, show)
