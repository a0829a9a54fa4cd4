"""The two stages of pocket as they are trained: on what, towards what, and the network's shape."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from duckrabbit.diffusion.parametrization import V
from duckrabbit.diffusion.path import Cosine
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.pocket import ILLUSION_SAMPLER, SAMPLER
from duckrabbit.networks.pocket_unet import PocketUNetConfig
from duckrabbit.training.distillation import GuidanceScales
from duckrabbit.training.objectives import DenoisingObjective, EnlargingObjective, Objective, UniformTimes


def _usual(sampler: SamplerConfig) -> tuple[float, float]:
    """A sampler's guidance, of the whole and of the mean colour."""
    mean = sampler.mean_guidance_scale
    return sampler.guidance_scale, sampler.guidance_scale if mean is None else mean


LOW_TIME = 0.125
"""So much noise hides from the second stage what the first may get wrong."""

_ENLARGING = SamplerConfig(solver="ddpm", steps=20, grid="quadratic", guidance_scale=1.0)
"""The small picture says nearly all that the prompt does: guidance would cost twice the time and gain nothing."""


@dataclass(frozen=True)
class TrainedStage:
    """What sets the training of one stage apart from that of the other.

    Attributes:
        side: of its pictures.
        packs: what it is trained on.
        more_packs: what it is trained on as well where it is there.
        objective: its loss; captions are dropped where they are made, not there.
        network: the shape of its network, but for the vocabulary.
        sampler: its way of sampling.
        illusion_sampler: its way of sampling anagrams and hybrids.
        low_time: of a second stage, the time to which the picture that it enlarges is noised.
        shown: how many pictures of each prompt are shown while it is trained.
        guidance: of a stage that learns to guide itself from another, how strongly; it has its objective from that.
        rank: of the additional weights that such a stage learns; 0 for one that learns all weights.
    """

    side: int
    packs: tuple[str, ...]
    more_packs: tuple[str, ...]
    objective: Objective
    network: PocketUNetConfig
    sampler: SamplerConfig
    illusion_sampler: SamplerConfig
    low_time: float | None = None
    shown: int = 8
    guidance: GuidanceScales | None = None
    rank: int = 0


FIRST = TrainedStage(
    side=64,
    packs=("art64.zip", "photos64.zip"),
    more_packs=("openmoji64.zip", "icons64.zip", "photos2-64.zip", "photos3-64.zip"),
    objective=DenoisingObjective(Cosine(), V, UniformTimes()),
    network=PocketUNetConfig(0),
    sampler=SAMPLER,
    illusion_sampler=ILLUSION_SAMPLER,
)

MAX_GUIDANCE = 8.0
"""So much guidance is learnt: the sources' courses sample with 7."""

RANK = 11
"""With it the additional weights take 2 MiB in 8 bits."""

GUIDED = replace(
    FIRST, guidance=GuidanceScales(MAX_GUIDANCE, tuple(map(_usual, (SAMPLER, ILLUSION_SAMPLER)))), rank=RANK
)

SECOND = TrainedStage(
    side=256,
    packs=("art256.zip", "photos256.zip"),
    more_packs=("icons256.zip", "photos2-256.zip", "photos3-256.zip"),
    objective=EnlargingObjective(Cosine(), V, UniformTimes(), LOW_TIME),
    network=PocketUNetConfig(
        0,
        in_channels=6,
        fold=4,
        attention=(False, False, True),
        text_width=128,
        text_layers=1,
        embedding=192,
    ),
    sampler=_ENLARGING,
    illusion_sampler=_ENLARGING,
    low_time=LOW_TIME,
    shown=2,
)

STAGES: Mapping[str, TrainedStage] = {"pocket": FIRST, "folder": FIRST, "pocket-guided": GUIDED, "pocket-256": SECOND}
"""The stage that each recipe trains."""
