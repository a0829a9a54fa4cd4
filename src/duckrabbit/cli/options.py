"""The options that mean the same for every verb, in groups."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from duckrabbit.making import choose, sampling

if TYPE_CHECKING:
    from duckrabbit.models.model import Model


def option(metavar: str) -> Any:
    """How an option's value is called in a help text that does not print its default."""
    return arg(metavar=metavar, help_behavior_hint="")


Flag = Annotated[bool, arg(help_behavior_hint="")]
"""An option that takes no value."""


EACH = 8
"""Candidates for each picture that is kept, unless it is said how many."""

MAX_BEST, MAX_WORKERS = 200, 64

CropName = Annotated[str, option("WHICH")]
"""Which square of a photo is used."""


@dataclass(frozen=True)
class Computing(choose.Computing):
    """What computes, where and how."""

    model: Annotated[str | None, option("MODEL")] = None
    """a name (see duckrabbit models), a run folder, a .safetensors file, a folder in diffusers' layout, or a hub id"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """of --model deepfloyd: a folder with stage1, stage2 and perhaps stage3, or hub ids joined by commas"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed), or a file of them: .safetensors, or a course's .pth"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one, Apple's too), cpu, cuda, cuda:1 or mps"""
    precision: Annotated[str, option("PRECISION")] = "auto"
    """of the network: auto (what the model and the hardware are best at), float32, bfloat16, float16, or of open models
    int8 weights"""
    threads: Annotated[int | None, option("N")] = None
    """CPU threads (by default all cores)"""
    compile: Flag = False
    """compile the blocks of DeepFloyd IF or an open model, on a GPU: a third faster after a minute"""
    judge: Annotated[str | None, option("JUDGE")] = None
    """who reads pictures for --best, discover and --judge-scale: a folder or hub id of CLIP or SigLIP, which know any
    words (by default the shipped judges)"""


@dataclass(frozen=True)
class Sampling(sampling.Sampling):
    """How to sample; what is left out is the model's own way."""

    steps: Annotated[int | None, option("N")] = None
    """number of steps"""
    solver: Annotated[str | None, option("SOLVER")] = None
    """ddpm, ddim, euler, heun or dpmpp_2m"""
    grid: Annotated[str | None, option("GRID")] = None
    """uniform, quadratic, leading, karras, course (990, 960 … 0, clean), course-loop (to 0), or an open model's own"""
    guidance_scale: Annotated[float | None, option("SCALE")] = None
    """classifier-free guidance; 1 is none; given alone it acts at all times"""
    guidance_interval: Annotated[tuple[float, float] | None, option("LOW HIGH")] = None
    """the times above LOW up to HIGH at which guidance acts; 0 is clean, 1 is noise"""
    mean_guidance_scale: Annotated[float | None, option("SCALE")] = None
    """guidance of the picture's mean colour, where it is below the guidance scale: less keeps photographs bright"""
    judge_scale: Annotated[float | None, option("SCALE")] = None
    """how strongly each step is pulled towards what a judge reads as asked; 0 is not at all"""
    variance: Annotated[str | None, option("VARIANCE")] = None
    """of ddpm's noise: learned (the model's own, where it has one), posterior or beta"""
    threshold: Annotated[str | None, option("THRESHOLD")] = None
    """what is done to each estimate: own (what the model does), clip, or none"""
    like_the_course: Flag = False
    """the loop of the courses: ddpm on levels 990, 960 … 0 (33 steps), guidance 7, no thresholding, no judge"""


@dataclass(frozen=True)
class Wording:
    """What is added to the prompts."""

    negative_prompt: Annotated[str, option("PROMPT")] = ""
    """what to steer away from under guidance"""
    style: Annotated[str, option("WORDS")] = ""
    """written before each prompt, such as "an oil painting of" """

    def styled(self, prompt: str) -> str:
        """The prompt in this style, in the letters that were typed."""
        styled = f"{self.style.strip()} {prompt}".strip()
        if styled.isascii():
            return styled
        from duckrabbit.datasets.prompts import as_written

        return as_written(styled)

    def refuse_empty(self, prompts: Iterable[str], model: "Model") -> None:
        """Raise UsageError where a model of prompts is asked for nothing in one of several."""
        if model.conditional and any(not prompt.strip() for prompt in prompts):
            from duckrabbit.errors import UsageError

            raise UsageError("One of the prompts is empty: say what is to be seen there, such as 'a duck'.")

    def one_of(self, prompts: tuple[str, ...], verb: str) -> str | None:
        """The one prompt that was given, in this style; None where nothing was.

        Raises:
            UsageError: if several were.
        """
        if len(prompts) > 1:
            from duckrabbit.errors import UsageError

            raise UsageError(
                f"{verb} takes one prompt and {len(prompts)} were given: put a prompt of several words in quotation "
                "marks."
            )
        return self.styled("".join(prompts)) if prompts or self.style else None


PLAIN = Wording()
"""Nothing added."""


@dataclass(frozen=True)
class Output:
    """What is written, and where."""

    count: Annotated[int, option("N")] = 1
    """how many pictures, with the seeds SEED, SEED + 1 …"""
    seed: Annotated[int, option("SEED")] = 0
    """of the first picture"""
    size: Annotated[int | None, option("PIXELS")] = None
    """side of the pictures: the model's own, or its second stage's; open models make smaller ones, too"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    json: Flag = False
    """print one line of JSON a picture on standard output"""
    no_source: Flag = False
    """leave the photo, mask or other picture that it starts from out of the files: rerun then asks for it"""


@dataclass(frozen=True)
class Searching:
    """Make many candidates, and keep those in which the prompts are read best."""

    best: Annotated[int | None, option("N")] = None
    """keep the N best of the candidates, as a judge reads them"""
    candidates: Annotated[int | None, arg(name="from", metavar="M", help_behavior_hint="")] = None
    """how many candidates, with the seeds SEED, SEED + 1 … (8 for each that is kept)"""
    workers: Annotated[int, option("N")] = 1
    """processes that share the search (1)"""

    def numbers(self, output: Output) -> tuple[int, int]:
        """How many are kept, and of how many candidates; none and none where no search is asked for.

        Raises:
            UsageError: if they contradict each other.
        """
        from duckrabbit.diffusion.noise import Noise
        from duckrabbit.errors import UsageError
        from duckrabbit.making.make import MAX_COUNT

        best, workers = self.best, self.workers
        if best is None:
            if self.candidates is not None:
                raise UsageError(
                    "--from says of how many, but not how many to keep: give --best, too, such as --best 4."
                )
            if workers != 1:
                raise UsageError("--workers share a search, and nothing is searched for: give --best, too.")
            return 0, 0
        count = EACH * best if self.candidates is None else self.candidates
        if not 1 <= best <= MAX_BEST:
            raise UsageError(f"The {best} best can't be kept: give --best from 1 to {MAX_BEST}.")
        if not best <= count <= MAX_COUNT:
            raise UsageError(f"The {best} best of {count} can't be found: give --from from {best} to {MAX_COUNT}.")
        if not 1 <= workers <= MAX_WORKERS:
            raise UsageError(f"{workers} workers can't share a search: give --workers from 1 to {MAX_WORKERS}.")
        if output.count != 1:
            raise UsageError("Both --count and --best say how many pictures to write: give one of them.")
        Noise((output.seed, output.seed + count - 1))
        return best, count


@dataclass(frozen=True)
class Sweeping:
    """Make one picture for each value of an option, or of two."""

    sweep: Annotated[tuple[str, ...], option("OPTION=VALUES ...")] = ()
    """one or two options and their values, as a labelled sheet: seed=0..7 guidance-scale=3,5,8"""


@dataclass(frozen=True, kw_only=True)
class Making:
    """What every verb that makes pictures of prompts takes besides its own."""

    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    sweeping: Sweeping = field(default_factory=Sweeping)
    computing: Computing = field(default_factory=Computing)
