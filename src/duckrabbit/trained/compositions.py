"""Judge guidance, amortised: a network learns from compositions underway what judges ask of them at every step.

While a network is trained, pictures, anagrams and hybrids are on their way from noise, as it makes them by then. At
each step it is taught its teacher's answer, moved to where a panel of judges reads more of what is asked for:

    target = T + A_k Δ,     Δ = κ t (1 − p) g/rms(g)

T is the teacher's guided x̂_0 in the view A_k; g the gradient by which `judges.guidance` guides, taken where the
network's own composed x̂_0 is by now; p how likely the look that is read worst is read as asked. So it ascends until it
is read, or as far from its teacher as κ allows. In the manner of "ReFL" (Xu et al., 2023, arXiv:2304.05977) and "DRaFT"
(Clark et al., 2024, arXiv:2309.17400): what a judge says of an estimate trains the network that made it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.parametrization import Parametrization
from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.steps import DDPM
from duckrabbit.diffusion.terms import UPRIGHT, Band, View
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import hybrid_bands
from duckrabbit.illusions.views import parse_view
from duckrabbit.judges.guidance import AUGMENTED_VIEWS, acts_at, readability, unit
from duckrabbit.judges.judge import Judge, judge_in, judge_of, load_judge
from duckrabbit.judges.looks import See, as_it_is, from_afar
from duckrabbit.judges.subjects import prompt_for, subjects_of
from duckrabbit.networks.picture_judges import Panel
from duckrabbit.training.data import Batch
from duckrabbit.training.distillation import Asked, GuidanceDistillation

STEPS = (12, 24)
"""Fewest and most steps of a picture's way from noise."""

UNTIL = 0.2
"""The time at which it is left: below, no guidance acts on illusions."""

CHANNELS = 3

SAME_STYLE = 0.7
"""How many illusions show both things in one style."""


@dataclass(frozen=True)
class Arrangement:
    """How rows of a network's answers make one picture.

    Attributes:
        views: A_k of each row.
        bands: B_k of each row.
        share: w, so that Σ_k w B_k is the identity.
        sees: how what each row asks for is looked at.
        judge_scale: λ of the guidance under which it is made.
    """

    views: tuple[View, ...]
    bands: tuple[Band, ...]
    share: float
    sees: tuple[See, ...]
    judge_scale: float

    def rows(self, x: Tensor) -> Tensor:
        """A_k x, row by row, [K B, C, H, W]."""
        return torch.cat([view(x) for view in self.views])

    def composed(self, answers: Tensor) -> Tensor:
        """Σ_k w B_k A_k⁻¹ of the rows' answers, [B, C, H, W]."""
        own = answers.chunk(len(self.views))
        parts = [band(view.inverse(x0)) for band, view, x0 in zip(self.bands, self.views, own, strict=True)]
        return self.share * torch.stack(parts).sum(dim=0)


def picture() -> Arrangement:
    """One prompt; no judge guides it when it is made."""
    return Arrangement((UPRIGHT,), (UPRIGHT,), 1.0, (as_it_is,), 0.0)


def anagram(view: View, judge_scale: float) -> Arrangement:
    """Two prompts, upright and in a view."""
    return Arrangement((UPRIGHT, view), (UPRIGHT, UPRIGHT), 0.5, (as_it_is, view), judge_scale)


def hybrid(judge_scale: float) -> Arrangement:
    """Two prompts, far and near."""
    return Arrangement((UPRIGHT, UPRIGHT), hybrid_bands(2.0), 1.0, (from_afar, as_it_is), judge_scale)


COMMON, RARE = ("flip", "rotate-90", "rotate-180"), ("rotate-90-cw", "negate", "jigsaw", "inner-circle", "square-hinge")
"""Views of anagrams: those that are asked for most, and others."""


def arrangements(judge_scale: float) -> tuple[Arrangement, ...]:
    """What is made while a network learns, each as often: most are anagrams, which are the hardest to read."""
    turned = [anagram(parse_view(name), judge_scale) for name in (*COMMON * 5, *RARE)]
    return (*turned, *[hybrid(judge_scale)] * 6, *[picture()] * 4)


@dataclass(frozen=True)
class Prompts:
    """What can be asked for: each name in each style.

    Attributes:
        tokens: [S, N, L].
        classes: the judge's, of each name, [N].
    """

    tokens: Tensor = field(repr=False)
    classes: Tensor = field(repr=False)

    def __call__(self, rows: int, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Tokens [rows, count, L] and classes [rows, count] of random names, most in one style a picture."""
        styles, names, _ = self.tokens.shape
        device = generator.device
        name = torch.randint(names, (rows, count), generator=generator, device=device)
        style = torch.randint(styles, (rows, count), generator=generator, device=device)
        alike = torch.rand(count, generator=generator, device=device) < SAME_STYLE
        style = torch.where(alike, style[:1], style)
        return self.tokens[style, name], self.classes[name]


STYLES = (
    *("a cartoon of", "an oil painting of", "a lithograph of", "a watercolor of", "a photo of", "a 3d render of"),
    *("a drawing of", "a pencil sketch of", "pixel art of", ""),
)


SCENES = (
    *("people around a campfire", "a snowy mountain village", "the amalfi coast", "waterfalls", "a hipster barista"),
    *("an old man", "a man", "a woman", "a dog", "a skull", "a tower", "a pagoda", "an old city", "a modern city"),
    "a man wearing a hat",
)
"""What people ask for, and how often each as often as a name."""

SCENES_COUNT = 6


def prompts_for(judge: Judge, vocabulary: Vocabulary, device: torch.device) -> Prompts:
    """Everyday names that the judge knows, in the styles that people ask for."""
    named = [prompt_for(name, "") for name in subjects_of(judge)]
    shown = [*named, *[scene for scene in SCENES if judge.asked_for(scene) is not None] * SCENES_COUNT]
    classes = [judge.asked_for(phrase) for phrase in shown]
    asked = [[f"{style} {phrase}".strip() for phrase in shown] for style in STYLES]
    rows = [vocabulary.encode(prompts, vocabulary.length) for prompts in asked]
    return Prompts(torch.stack(rows).to(device), torch.tensor(classes, device=device))


def panel(files: Sequence[FilePath], device: torch.device) -> Judge:
    """The judges in files as one panel, or where there are none the shipped one that guides.

    The one that selects has no part in it: who has taught reads nearly everything that was learnt as asked.

    Raises:
        UsageError: if a file holds no judge, or one of other names.
    """
    judges = [judge_in("pictures", "selecting", file, device) for file in files]
    judges = judges or [load_judge("pictures", "guiding", device)]
    for judge, file in zip(judges, files, strict=False):
        if judge.names != judges[0].names:
            raise UsageError(f"{file} is a judge of other names than {files[0]}: train both from the same packs.")
    members = [member for judge in judges for member in judge.members]
    checksum = "+".join(judge.checksum for judge in judges)
    return judge_of("pictures", "guiding", judges[0].names, Panel(members), device, checksum)


@dataclass(frozen=True)
class Known:
    """The denoiser of one step, whose answer is known."""

    path: Path
    x0: Tensor

    def __call__(self, x: Tensor, t: float) -> Prediction:  # noqa: ARG002
        """It."""
        return Prediction(self.x0)


@dataclass(frozen=True)
class Underway:
    """Pictures of one arrangement on their way from noise.

    Attributes:
        arrangement: theirs.
        x: at the time t, [B, C, H, W].
        t: the time.
        step: by how much it falls at each step.
        tokens: [K, B, L].
        classes: [K, B].
        told: γ and γ of the mean colour, [B, 2].
    """

    arrangement: Arrangement
    x: Tensor
    t: float
    step: float
    tokens: Tensor
    classes: Tensor
    told: Tensor

    def asked(self) -> Asked:
        """The rows that the network is asked now."""
        x_t = self.arrangement.rows(self.x)
        t = torch.full((len(x_t),), self.t, device=x_t.device)
        return Asked(x_t, t, self.tokens.flatten(0, 1), self.told.repeat(len(self.tokens), 1))


@dataclass
class JudgedDistillation:
    """Guidance distillation of painted pictures and of compositions underway, whose answers judges have moved.

    Attributes:
        distillation: of the pictures, and whom it learns from.
        parametrization: of network and teacher.
        judge: a panel.
        prompts: what is asked for.
        kinds: how pictures are arranged; drawn anew for those that begin.
        strength: κ.
        rows: of compositions, for each batch.
        sets: how many are underway at once; one of them goes on at each batch, at random.
        size: side of the pictures.
        dtype: of the judge's network.
    """

    distillation: GuidanceDistillation
    parametrization: Parametrization
    judge: Judge
    prompts: Prompts
    kinds: Sequence[Arrangement]
    strength: float
    rows: int = 256
    sets: int = 12
    size: int = 64
    dtype: torch.dtype = torch.float32
    underway: list[Underway | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.underway = [None] * self.sets

    @property
    def path(self) -> Path:
        """The network's."""
        return self.distillation.path

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over all rows and pixels; those that are underway go on by one step."""
        which = _drawn(self.sets, generator)
        own = self.underway[which] or self._begun(generator)
        painted = self.distillation.asked(batch, generator)
        asked = painted + own.asked()
        target = self.distillation.answer(asked)
        output = network(*asked.parts).float()
        learnt, after = self._judged(own, output.detach()[len(painted.t) :].clone(), generator)
        target[len(painted.t) :] += learnt
        self.underway[which] = after
        return F.mse_loss(output, target)

    def _begun(self, generator: torch.Generator) -> Underway:
        kind = self.kinds[_drawn(len(self.kinds), generator)]
        fewest, most = STEPS
        steps = fewest + _drawn(most - fewest + 1, generator)
        count = self.rows // len(kind.views)
        tokens, classes = self.prompts(len(kind.views), count, generator)
        x = torch.randn(count, CHANNELS, self.size, self.size, generator=generator, device=generator.device)
        return Underway(kind, x, 1.0, 1 / steps, tokens, classes, self.distillation.scales(count, generator))

    def _judged(self, own: Underway, output: Tensor, generator: torch.Generator) -> tuple[Tensor, Underway | None]:
        """By how much the outputs of the compositions' rows are to be moved, and the compositions a step later."""
        kind, t = own.arrangement, own.t
        x_t = kind.rows(own.x)
        alpha_t, sigma_t = self.path(torch.tensor(t, dtype=torch.float64))
        x0 = kind.composed(self.parametrization.x0(output, x_t, alpha_t, sigma_t))
        change, guided = torch.zeros_like(x0), x0
        if acts_at(t):
            turn, views = _drawn(2**16, generator), torch.Generator().manual_seed(_drawn(2**31, generator))
            read = readability(self.judge, kind.sees, own.classes, x0, AUGMENTED_VIEWS, turn, views, self.dtype)
            way = unit(read.gradient)
            unread = 1 - read.log_p.amin(dim=0).exp()
            change = self.strength * t * unread.view(-1, 1, 1, 1) * way
            guided = x0 + kind.judge_scale * t * way
        moved = self.parametrization.change(kind.rows(change), alpha_t, sigma_t)
        s = t - own.step
        if s < UNTIL:
            return moved, None

        def noise() -> Tensor:
            return torch.randn(x0.shape, generator=generator, device=x0.device)

        result = DDPM()(Known(self.path, clip(guided)), own.x, self.path.between(t, s), noise, None)
        return moved, Underway(kind, result.x, s, own.step, own.tokens, own.classes, own.told)


def _drawn(below: int, generator: torch.Generator) -> int:
    """A number from 0 to below `below`."""
    return int(torch.randint(below, (), generator=generator, device=generator.device))
