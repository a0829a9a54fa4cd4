"""Pocket's network with additional weights under which it guides itself; without them it is as it was."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from duckrabbit.networks.low_rank import adapt, approach, low_rank_of, merged, unadapted
from duckrabbit.networks.pocket_unet import PocketUNet, PocketUNetConfig, network_with

TOLD = "embed_guidance.weight"
"""What listens to the guidance scales."""


def adapted(network: PocketUNet, max_guidance: float, rank: int, guided: PocketUNet | None = None) -> PocketUNet:
    """A copy that learns additional weights alone.

    Args:
        network: the network without.
        max_guidance: the largest guidance that it will be told.
        rank: of the additional weights.
        guided: the network with those to go on from; None for new ones, which change nothing at first.
    """
    able = PocketUNet(_listening(network.config, max_guidance))
    able.load_state_dict({**network.state_dict(), TOLD: (guided or able).state_dict()[TOLD]})
    # What words mean stays the same for both networks.
    names = [name for name, p in able.named_parameters() if p.ndim >= 2 and not name.startswith("text.")]
    adapt(able, [name for name in names if name != TOLD], rank)
    able.get_parameter(TOLD).requires_grad_(True)
    if guided is not None:
        approach(able, guided.state_dict())
    return able


def own_weights(network: PocketUNet) -> dict[str, Tensor]:
    """What an adapted network was before, as a network without additional weights has it."""
    return {name: tensor for name, tensor in unadapted(network).items() if name != TOLD}


def additional_weights(network: PocketUNet) -> dict[str, Tensor]:
    """What an adapted network has learnt: B and A of each weight, and what listens to guidance."""
    return {**low_rank_of(network), TOLD: network.get_parameter(TOLD)}


def self_guided(network: PocketUNet, additional: Mapping[str, Tensor], max_guidance: float) -> PocketUNet:
    """The network with additional weights added to its own.

    Raises:
        KeyError, RuntimeError: if they are not of this network.
    """
    low_rank = {name: tensor for name, tensor in additional.items() if name != TOLD}
    tensors = {**merged(network.state_dict(), low_rank), TOLD: additional[TOLD]}
    return network_with(_listening(network.config, max_guidance), tensors)


def _listening(shape: PocketUNetConfig, max_guidance: float) -> PocketUNetConfig:
    return replace(shape, max_guidance=max_guidance)
