"""duckrabbit train"""

import sys
from collections import deque
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from tyro.conf import Positional

from duckrabbit.cli.follow import conclude, follow
from duckrabbit.cli.options import Flag, option
from duckrabbit.cli.verbs import with_options
from duckrabbit.errors import UsageError

if TYPE_CHECKING:
    from duckrabbit.trained.digits import TrainingRun
    from duckrabbit.trained.pocket import Material
    from duckrabbit.trained.pocket_runs import PocketRun
    from duckrabbit.training.loop import Engine
    from duckrabbit.training.team import Team

Run = TypeVar("Run", "TrainingRun", "PocketRun")

TEXT_RECIPES = ("pocket", "pocket-guided", "pocket-256", "folder")
HYPERPARAMETERS = ("batch_size", "learning_rate", "warmup_steps", "cooldown", "clip_gradient", "ema_decay", "seed")


@dataclass(frozen=True)
class Digits:
    """What only the digit models' recipes take."""

    epochs: Annotated[int | None, option("N")] = None
    """passes over the examples"""
    learning_rate_decay: Annotated[float | None, option("FACTOR")] = None
    """by which the learning rate falls over the whole run; 1 keeps it"""
    hidden: Annotated[int | None, option("N")] = None
    """channels of the network at full resolution"""
    drop_class: Annotated[float | None, option("P")] = None
    """how often the class is dropped in training, for classifier-free guidance"""
    noise_sigma: Annotated[float | None, option("SIGMA")] = None
    """the noise that mnist-denoiser learns to remove, for pictures from 0 to 1"""
    ddpm_steps: Annotated[int | None, option("T")] = None
    """the length of the DDPM recipes' table of levels"""
    examples: Annotated[int | None, option("N")] = None
    """train on the first N pictures only"""
    like_the_sources: Flag = False
    """no average of the weights, and samples along the way as the sources draw them"""


@dataclass(frozen=True)
class TextToImage:
    """What only pocket, pocket-guided, pocket-256 and folder take."""

    pictures: Annotated[int | None, option("N")] = None
    """how many pictures are seen in all"""
    crop: Annotated[str | None, option("WHICH")] = None
    """of folder, which square of a photo: centre, left, right, top, bottom, pad (all of it), or a box X0,Y0,X1,Y1"""
    init: Annotated[str | None, option("MODEL")] = None
    """the model whose weights it starts from, and from which pocket-guided learns: pocket (as folder and pocket-guided
    do), a run, a file, or none"""
    widths: Annotated[tuple[int, int, int] | None, option("N N N")] = None
    """channels of the network at each resolution"""
    blocks: Annotated[tuple[int, int, int] | None, option("N N N")] = None
    """residual blocks at each resolution"""
    backdrops: Annotated[int | None, option("N")] = None
    """how many drawings of each place pocket's scenes are set in"""
    first_stage: Annotated[str | None, option("MODEL")] = None
    """the model whose pictures pocket-256 makes large (by default pocket)"""
    judge_strength: Annotated[float | None, option("KAPPA")] = None
    """of pocket-guided, how far judges move what it learns; 0 for not at all"""
    judges: Annotated[tuple[str, ...] | None, option("FILE")] = None
    """of pocket-guided, judges that do so in place of the one that guides; tools/train_picture_judges.py trains some"""
    show_every: Annotated[int | None, option("STEPS")] = None
    """steps between two sheets of samples; 0 for none"""
    minutes: Annotated[float | None, option("MINUTES")] = None
    """stop after so long, to go on later with --resume"""
    eager: Flag = False
    """don't compile the network on a GPU: slower, but needs no compiler"""


@dataclass(frozen=True)
class Options:
    """Train a model into a run folder that can be interrupted at any moment and resumed: duckrabbit train
    mnist-ddpm-class, or duckrabbit train folder --data my-pictures. What is left out is the recipe's own (see
    RUN/config.toml). On several GPUs: torchrun --nproc-per-node 4 -m duckrabbit train pocket"""

    recipe: Positional[Annotated[str, option("RECIPE")]]
    """mnist-denoiser, mnist-denoiser-pure-noise, mnist-ddpm, mnist-ddpm-class, mnist-flow,
    mnist-flow-class; mnist-ddpm-class-long and mnist-flow-class-long train the default models of the package; pocket is
    text to image, pocket-guided teaches it to guide itself, in half the time, pocket-256 makes its pictures large,
    folder is pocket on your own pictures"""
    data: Annotated[str | None, option("FOLDER")] = None
    """of digits: a folder with files in MNIST's format (by default mnist); of pocket, pocket-guided and pocket-256: the
    folder of their packs; of folder: your pictures with NAME.txt or NAME.caption beside, or a metadata.jsonl or .csv of
    file_name and text, or named after what they show, or in folders named so"""
    batch_size: Annotated[int | None, option("N")] = None
    """pictures a step"""
    learning_rate: Annotated[float | None, option("RATE")] = None
    """Adam's, in the first epoch"""
    warmup_steps: Annotated[int | None, option("N")] = None
    """steps over which the learning rate rises from 0"""
    cooldown: Annotated[float | None, option("SHARE")] = None
    """the last share of the run, over which the learning rate falls to 0"""
    clip_gradient: Annotated[float | None, option("NORM")] = None
    """the norm beyond which a step's gradient is shortened; 0 for never"""
    ema_decay: Annotated[float | None, option("DECAY")] = None
    """of the moving average of the weights; 0 for none"""
    seed: Annotated[int | None, option("SEED")] = None
    """of the first weights, the order of the pictures and the noise"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda or cuda:1"""
    precision: Annotated[str, option("PRECISION")] = "auto"
    """of the network's arithmetic: auto (bfloat16 where the hardware has it), float32 or bfloat16"""
    threads: Annotated[int | None, option("N")] = None
    """CPU threads (by default all cores)"""
    out: Annotated[str | None, option("RUN")] = None
    """the run folder (by default runs/RECIPE)"""
    resume: Flag = False
    """go on with the run in the folder"""
    digits: Digits = field(default_factory=Digits)
    text: TextToImage = field(default_factory=TextToImage)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.out or f"runs/{self.recipe}")


def run(options: Options) -> int:
    """Train to the end, or as long as was asked for, showing how it goes."""
    if options.recipe in TEXT_RECIPES:
        _refuse_given(options.digits, options.recipe)
        return _run_pocket(options)
    _refuse_given(options.text, options.recipe)
    return _run_digits(options)


def _run_digits(options: Options) -> int:
    """Train a digit model."""
    from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
    from duckrabbit.trained.digits import digits_of, train_digits

    if options.recipe not in DIGIT_RECIPES:
        recipes = ", ".join((*DIGIT_RECIPES, *TEXT_RECIPES))
        raise UsageError(f"There is no training recipe {options.recipe!r}: the recipes are {recipes}.")
    training, folder = _digit_run(options), options.folder
    reports = train_digits(training, digits_of(training), folder, _engine(options, options.device))
    conclude(follow(reports, training.hyperparameters.epochs, folder, training.recipe), folder, training.recipe)
    return 0


def _digit_run(options: Options) -> "TrainingRun":
    """The run that was asked for, or the one in the folder, which it must not contradict."""
    from duckrabbit.trained.digits import TrainingRun
    from duckrabbit.trained.run_folder import CONFIG

    known = TrainingRun.from_toml(options.folder / CONFIG) if options.resume else TrainingRun.of(options.recipe)
    special = _given(options.digits, "drop_class", "noise_sigma", "ddpm_steps")
    _refuse_meaningless(special, known)
    own = _given(options.digits, "epochs", "learning_rate_decay")
    own |= {"ema_decay": 0.0} if options.digits.like_the_sources else {}
    wanted = replace(
        known,
        like_the_sources=known.like_the_sources or options.digits.like_the_sources,
        **special,
        **_given(options.digits, "hidden", "examples"),
        **_given(options, "data"),
        hyperparameters=replace(known.hyperparameters, **_given(options, *HYPERPARAMETERS), **own),
    )
    return _begun(options, wanted, known)


def _run_pocket(options: Options) -> int:
    """Train pocket's network, by one process or by several that torchrun started."""
    import torch

    from duckrabbit.trained.pocket import time_limit, train_pocket
    from duckrabbit.training.loop import steps_per_epoch
    from duckrabbit.training.team import Team

    team = Team.join(options.device != "cpu" and torch.cuda.is_available())
    engine = _large_engine(options, team)
    training, folder = _pocket_run(options), options.folder
    if options.text.minutes is not None and options.text.minutes <= 0:
        raise UsageError(f"{options.text.minutes:g} minutes are no time to train: give --minutes above 0.")
    # Refused before packs are read, which takes long, what the loop would refuse after.
    steps_per_epoch(training.pictures, training.hyperparameters, team)
    over = time_limit(options.text.minutes, engine)
    reports = train_pocket(training, _material(training, team), folder, engine, over)
    if team.leads:
        conclude(follow(reports, 1, folder, training.recipe), folder, training.recipe)
    else:
        deque(reports, maxlen=0)
    team.leave()
    return 0


def _pocket_run(options: Options) -> "PocketRun":
    """The run that was asked for, or the one in the folder, which it must not contradict."""
    from duckrabbit.media.names import cache_folder
    from duckrabbit.trained.pocket_runs import POCKET_RUNS, PocketRun
    from duckrabbit.trained.run_folder import CONFIG

    known = PocketRun.from_toml(options.folder / CONFIG) if options.resume else POCKET_RUNS[options.recipe]
    _refuse_meaningless(_given(options.text, "backdrops", "first_stage", "crop", "judge_strength", "judges"), known)
    init = known.init if options.text.init is None else options.text.init
    started = None if init == "none" else init
    if started is not None and (options.text.widths or options.text.blocks):
        raise UsageError("--widths and --blocks are those of --init: leave them out, or give --init none.")
    wanted = replace(
        known,
        **_given(options.text, "pictures", "widths", "blocks", "backdrops", "first_stage", "show_every", "crop"),
        **_given(options.text, "judge_strength", "judges"),
        **_given(options, "data"),
        init=started,
        hyperparameters=replace(known.hyperparameters, **_given(options, *HYPERPARAMETERS)),
    )
    if not wanted.data and wanted.recipe == "folder":
        raise UsageError("folder is trained on your own pictures: give --data with the folder they are in.")
    return _begun(options, wanted if wanted.data else replace(wanted, data=str(cache_folder() / "packs")), known)


def _material(training: "PocketRun", team: "Team") -> "Material":
    """What it is trained on; of a user's own pictures it is said which are left out."""
    from duckrabbit.trained.pocket import folder_material, painted_material
    from duckrabbit.training.folder import read_folder

    if training.backdrops is not None:
        return painted_material(training)
    pictures = read_folder(Path(training.data), training.crop or "")
    if team.leads:
        found = f"{training.data}: {len(pictures.captions)} pictures, {len(pictures.refused)} left out"
        for line in (*(f"left out: {why}" for why in pictures.refused), found, *pictures.remarks):
            print(with_options(line), file=sys.stderr)
    return folder_material(training, pictures)


def _engine(options: Options, device: str) -> "Engine":
    """Where and in what precision to train."""
    import torch

    from duckrabbit.making.choose import set_threads
    from duckrabbit.models.device import choose_device, choose_dtype
    from duckrabbit.training.loop import Engine

    set_threads(options.threads)
    chosen = choose_device(device)
    precisions = {"auto": choose_dtype(chosen), "float32": torch.float32, "bfloat16": torch.bfloat16}
    if options.precision not in precisions:
        raise UsageError(f"There is no precision {options.precision!r}: the precisions are {', '.join(precisions)}.")
    return Engine(chosen, precisions[options.precision])


def _large_engine(options: Options, team: "Team") -> "Engine":
    """Where and in what precision to train a large network, which is compiled on a GPU and shared by a team."""
    import torch

    engine = _engine(options, f"cuda:{torch.cuda.current_device()}" if team.on_gpus else options.device)
    gpu = engine.device.type == "cuda"
    if gpu:
        # Shapes never change, so the fastest convolution of each is worth looking for.
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    every = 50 if gpu else 1
    return replace(engine, report_every=every, captured=False, compiled=gpu and not options.text.eager, team=team)


def _given(options: Any, *names: str) -> dict[str, Any]:
    """Those of some options that were given."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _refuse_given(group: Digits | TextToImage, recipe: str) -> None:
    """Raise UsageError if any option of a group was given."""
    for known in fields(group):
        if getattr(group, known.name) != known.default:
            raise UsageError(f"--{known.name.replace('_', '-')} means nothing to {recipe}: leave it out.")


def _refuse_meaningless(given: dict[str, Any], known: "TrainingRun | PocketRun") -> None:
    """Raise UsageError if an option was given for what the recipe has not."""
    for name in given:
        if getattr(known, name) is None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {known.recipe}: leave it out.")


def _begun(options: Options, wanted: Run, known: Run) -> Run:
    """The run that is wanted, in a new folder; or the one that is known from its folder, which must be the same."""
    if options.resume:
        _require_same(replace(wanted, recipe=options.recipe), known, options.folder)
        return known
    _require_new(options.folder)
    return wanted


def _require_new(folder: Path) -> None:
    """Raise UsageError unless a run can begin in a folder."""
    if folder.is_dir() and (folder / "config.toml").exists():
        raise UsageError(f"{folder} holds a run already: give --resume to go on with it, or another folder with --out.")
    if folder.exists() and (not folder.is_dir() or {file.name for file in folder.iterdir()} - {"lock"}):
        raise UsageError(f"{folder} exists and is not an empty folder: give another folder with --out.")


def _require_same(wanted: Any, known: Any, folder: Path) -> None:
    """Raise UsageError where what a run is asked to be differs from what the run in a folder is."""
    for asked, there in ((wanted, known), (wanted.hyperparameters, known.hyperparameters)):
        for name, value in vars(there).items():
            if name != "hyperparameters" and vars(asked)[name] != value:
                word = "RECIPE" if name == "recipe" else "--" + name.replace("_", "-")
                raise UsageError(
                    f"{word} is {vars(asked)[name]} and the run in {folder} has {value}: "
                    "leave it out to resume, or start another run with another --out."
                )
