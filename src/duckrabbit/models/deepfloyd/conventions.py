"""What a pipeline's scheduler says of its network: path, prediction, thresholding and variance, in this engine's words.

IF: ᾱ from β_k = min(1 − f((k + 1)/T)/f(k/T), 0.999), the network predicts ε and f with variance fraction (f + 1)/2,
x̂_0 is thresholded dynamically at the 0.95 quantile, up to 1.5 in the first stage and 1.0 in the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.parametrization import EPSILON, X0, Parametrization, V
from duckrabbit.diffusion.path import LinearBeta, ScaledLinearBeta, SquaredCosine
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.thresholding import DynamicThreshold, Threshold, clip, unclipped
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.extras import diffusers

PREDICTIONS: Mapping[str, Parametrization] = {"epsilon": EPSILON, "sample": X0, "v_prediction": V}
Variance = Literal["posterior", "beta", "learned"]
VARIANCES: Mapping[str, Variance] = {
    "fixed_small": "posterior",
    "fixed_small_log": "posterior",
    "fixed_large": "beta",
    "fixed_large_log": "beta",
    "learned_range": "learned",
}

SCHEDULERS = (
    "DDPMScheduler",
    "DDIMScheduler",
    "PNDMScheduler",
    "DDPMParallelScheduler",
    "DDIMParallelScheduler",
    "DDIMInverseScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "RePaintScheduler",
    "UniPCMultistepScheduler",
)
"""Diffusers' ways to sample what was trained on a table of β; what else it has follows other paths."""

OTHER_NOISE = ("use_flow_sigmas",)
"""Settings by which one of them follows another path, too."""


@dataclass(frozen=True)
class Conventions:
    """How a network's input and output are meant.

    Attributes:
        path: what it was trained on.
        levels: T, the length of the path's table; the network is given the index k of t = (k + 1)/T.
        parametrization: what it predicts.
        threshold: what is done to x̂_0.
        variance: what a ddpm step's variance is.
    """

    path: ProbabilityPath
    levels: int
    parametrization: Parametrization
    threshold: Threshold
    variance: Variance

    def level(self, t: float) -> float:
        """The index that the network is given at t: whole on the table's own times, in between elsewhere."""
        index = t * self.levels - 1
        nearest = round(index)
        return max(float(nearest) if abs(index - nearest) < 1e-6 else index, 0.0)

    def prediction(self, output: Tensor, x: Tensor, t: float) -> Prediction:
        """What an output [B, C or 2C, H, W] says of x [B, C, H, W] at t."""
        channels = x.shape[1]
        alpha, sigma = self.path(torch.tensor(t, dtype=torch.float64))
        x0 = self.parametrization.x0(output[:, :channels], x, alpha, sigma)
        if self.variance == "learned" and output.shape[1] == 2 * channels:
            return Prediction(x0, (output[:, channels:] + 1) / 2)
        return Prediction(x0, torch.ones_like(x0) if self.variance == "beta" else None)


def conventions_of(config: Mapping[str, Any], file: Path) -> Conventions:
    """The conventions in a scheduler's configuration; what it leaves out is its class's default.

    Raises:
        UsageError: if the scheduler, its schedule, prediction or variance is none that this engine knows.
    """
    config = filled(config, file)
    prediction = str(config.get("prediction_type", "epsilon"))
    variance = str(config.get("variance_type") or "fixed_small")
    if prediction not in PREDICTIONS or variance not in VARIANCES:
        raise UsageError(
            f"{file} speaks of {prediction} and {variance}, which this version can't sample: "
            f"expected one of {', '.join(PREDICTIONS)} and of {', '.join(VARIANCES)}."
        )
    levels = int(config.get("num_train_timesteps", 1000))
    return Conventions(
        path=_path_in(config, file),
        levels=levels,
        parametrization=PREDICTIONS[prediction],
        threshold=_threshold(config),
        variance=VARIANCES[variance],
    )


def path_of(config: Mapping[str, Any], file: Path) -> ProbabilityPath:
    """The path in a scheduler's configuration.

    Raises:
        UsageError: if this engine has none like it.
    """
    return _path_in(filled(config, file), file)


def filled(config: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """A scheduler's configuration, what it leaves out filled in by the class it names (DDPM's for none).

    Raises:
        UsageError: if it is of a class that follows another path than a table of β, or the class refuses it.
    """
    name = str(config.get("_class_name", "DDPMScheduler"))
    if name not in SCHEDULERS:
        raise UsageError(
            f"{file} is of a {name}, which this version can't read: expected one that follows a table of β, such as "
            f"{', '.join(SCHEDULERS[:3])}."
        )
    given = {key: value for key, value in config.items() if not key.startswith("_")}
    try:
        whole = getattr(diffusers(), name).from_config(given).config
    except (AttributeError, ImportError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise UsageError(f"{file} can't be read as a {name} ({error}): get the folder whole.") from error
    other = next((key for key in OTHER_NOISE if whole.get(key)), None)
    if other is not None or whole.get("timestep_type", "discrete") != "discrete":
        raise UsageError(
            f"{file} is of a {name} with {other or 'continuous levels'}, which this version can't read: expected one "
            "that follows a table of β."
        )
    return dict(whole)


def _path_in(config: Mapping[str, Any], file: Path) -> ProbabilityPath:
    levels = int(config.get("num_train_timesteps", 1000))
    schedule = str(config.get("beta_schedule", "linear"))
    plain = config.get("trained_betas") is None and not config.get("rescale_betas_zero_snr", False)
    if plain and schedule == "squaredcos_cap_v2":
        return SquaredCosine(levels)
    if plain and schedule == "linear":
        return LinearBeta(levels, float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02)))
    if plain and schedule == "scaled_linear":
        return ScaledLinearBeta(levels, float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02)))
    raise UsageError(
        f"{file} has a schedule that this version can't sample ({schedule}): expected linear, scaled_linear or "
        "squaredcos_cap_v2."
    )


def _threshold(config: Mapping[str, Any]) -> Threshold:
    if config.get("thresholding", False):
        ratio = float(config.get("dynamic_thresholding_ratio", 0.995))
        return DynamicThreshold(ratio, float(config.get("sample_max_value", 1.0)))
    # Classes that know no clipping don't clip.
    return clip if config.get("clip_sample", False) else unclipped
