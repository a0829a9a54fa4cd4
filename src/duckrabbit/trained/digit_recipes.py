"""The training recipes of Part B: what each model learns, with the hyperparameters of the sources."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from duckrabbit.models.digits import DigitConfig
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.training.loop import Hyperparameters
from duckrabbit.training.objectives import DenoisingObjective, FixedTime, LevelsOfTable, Times, UniformTimes

SIGMA = 0.5
"""The noise of B1.2, for pictures in [0, 1]."""

DDPM_STEPS = 300

EULER_STEPS = 50
"""Of a flow, as the sources sample it."""

SOURCES_GUIDANCE = 5.0

_ILLUSIONS = SamplerConfig("ddpm", 20, guidance_scale=5.0)


def sources_sampler(model: Model) -> SamplerConfig:
    """As the sources sample a digit model: without clipping, and with guidance 5 at all times where it knows classes.

    Ancestral sampling takes every level of the table, with noise of variance β; a flow takes plain Euler steps, which
    ddim without noise is on its straight path.
    """
    steps = model.config.get("path_steps")
    return like_the_sources(None if steps is None else int(steps), model.conditional)


def like_the_sources(levels: int | None, conditional: bool) -> SamplerConfig:
    """The same by the levels of a DDPM's table, which a flow has none of, and by whether classes are told."""
    scale = SOURCES_GUIDANCE if conditional else 1.0
    if levels is None:
        return SamplerConfig("euler", EULER_STEPS, guidance_scale=scale, threshold="none")
    return SamplerConfig("ddpm", levels, guidance_scale=scale, variance="beta", threshold="none")


@dataclass(frozen=True)
class DigitRecipe:
    """How one model of Part B is trained.

    Attributes:
        summary: one line for a list.
        config: the model.
        hyperparameters: the sources'.
        show_after: the epochs after which samples are kept.
        drop_class: how often the class is dropped, for classifier-free guidance.
    """

    summary: str
    config: DigitConfig
    hyperparameters: Hyperparameters
    show_after: tuple[int, ...]
    drop_class: float = 0.0

    def objective(self) -> DenoisingObjective:
        """The objective that fits the model's configuration."""
        return DenoisingObjective(
            self.config.make_path(), self.config.make_parametrization(), self._times(), self.drop_class
        )

    def _times(self) -> Times:
        if self.config.level is not None:
            return FixedTime(self.config.level)
        if self.config.path_steps is not None:
            return LevelsOfTable(self.config.path_steps)
        return UniformTimes()


_DDPM_BY_TIME = DigitConfig(64, True, False, "linear-beta", "epsilon", path_steps=DDPM_STEPS)
_FLOW_BY_TIME = DigitConfig(64, True, False, "rectified-flow", "velocity")


def _one_step(path: str, level: float) -> DigitConfig:
    return DigitConfig(hidden=128, time=False, classes=False, path=path, parametrization="x0", level=level)


def _by_class(config: DigitConfig, guidance_scale: float, low: float, high: float = 1.0) -> DigitConfig:
    """The same told the class, too, and sampled under guidance for times in (low, high]."""
    sampler = SamplerConfig(guidance_scale=guidance_scale, guidance_interval=(low, high))
    return replace(config, classes=True, sampler=sampler, illusion_sampler=_ILLUSIONS)


_DENOISER = Hyperparameters(epochs=5, batch_size=256, learning_rate=1e-4)
_DDPM = Hyperparameters(epochs=20, batch_size=128, learning_rate=1e-3, learning_rate_decay=0.1, ema_decay=0.999)
_FLOW = Hyperparameters(epochs=10, batch_size=64, learning_rate=1e-2, learning_rate_decay=0.1, ema_decay=0.999)
_LONG = Hyperparameters(epochs=90, batch_size=128, learning_rate=2e-3, learning_rate_decay=0.01, ema_decay=0.9995)
_DDPM_SHOW = (1, 5, 10, 15, 20)
_FLOW_SHOW = (1, 5, 10)
_LONG_SHOW = (1, 10, 30, 90)
_DDPM_LONG = replace(
    _by_class(_DDPM_BY_TIME, 2.0, 0.2, 0.8), hidden=48, path="cosine", path_steps=None, parametrization="v"
)
_FLOW_LONG = replace(_by_class(_FLOW_BY_TIME, 1.75, 0.2, 0.8), hidden=48)

DIGIT_RECIPES: Mapping[str, DigitRecipe] = {
    "mnist-denoiser": DigitRecipe(
        "B1.2: remove noise of σ = 0.5 in one step", _one_step("additive", SIGMA), _DENOISER, (1, 5)
    ),
    "mnist-denoiser-pure-noise": DigitRecipe(
        "B1.4: a digit from pure noise in one step, which can't be done",
        _one_step("rectified-flow", 1.0),
        _DENOISER,
        (1, 5),
    ),
    "mnist-ddpm": DigitRecipe("B2.1: DDPM, conditioned on time", _DDPM_BY_TIME, _DDPM, _DDPM_SHOW),
    "mnist-ddpm-class": DigitRecipe(
        "B2.2: DDPM, conditioned on time and class",
        _by_class(_DDPM_BY_TIME, 3.0, 0.3),
        _DDPM,
        _DDPM_SHOW,
        drop_class=0.1,
    ),
    "mnist-flow": DigitRecipe("B2.3: flow matching, conditioned on time", _FLOW_BY_TIME, _FLOW, _FLOW_SHOW),
    "mnist-flow-class": DigitRecipe(
        "B2.4: flow matching, conditioned on time and class",
        _by_class(_FLOW_BY_TIME, 2.0, 0.3),
        _FLOW,
        _FLOW_SHOW,
        drop_class=0.1,
    ),
    "mnist-ddpm-class-long": DigitRecipe(
        "a narrower network trained longer: v-prediction on the cosine path",
        _DDPM_LONG,
        _LONG,
        _LONG_SHOW,
        drop_class=0.1,
    ),
    "mnist-flow-class-long": DigitRecipe(
        "flow matching with a narrower network trained longer", _FLOW_LONG, _LONG, _LONG_SHOW, drop_class=0.1
    ),
}
