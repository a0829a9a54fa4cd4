"""Low-rank additional weights: W + B A in place of W, with few numbers to learn and to keep (Hu et al., 2021)."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

UP, DOWN = ".up", ".down"


class LowRank(nn.Module):
    """W ↦ W + B A for a weight W [O, …], B [O, R] and A [R, I], I the product of W's other sides; at first B is 0.

    "LoRA", Hu et al., 2021 (arXiv:2106.09685).
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = len(weight), weight[0].numel()
        self.up = nn.Parameter(torch.zeros(rows, rank))
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """W + B A, in W's shape."""
        return added(weight, self.up, self.down)


def added(weight: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """W + B A, in W's shape."""
    return weight + (up @ down).view(weight.shape)


def adapt(network: nn.Module, names: Iterable[str], rank: int) -> None:
    """Let each of the network's weights of these names learn low-rank additional weights, and nothing else of it."""
    network.requires_grad_(False)
    for name in names:
        path, _, weight = name.rpartition(".")
        module = network.get_submodule(path)
        parametrize.register_parametrization(module, weight, LowRank(getattr(module, weight), rank))


def approach(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Begin an adapted network's additional weights as the best of their rank that lead to these tensors.

    B A is the truncated singular value decomposition of what lies between, each of B and A with the root of its values.
    """
    with torch.no_grad():
        for path, module in network.named_modules():
            if isinstance(module, LowRank):
                name = _weight_of(path)
                own = network.get_parameter(path.removesuffix("0") + "original")
                U, S, V = torch.linalg.svd((tensors[name] - own).flatten(1), full_matrices=False)
                rank = min(module.up.shape[1], len(S))
                roots = S[:rank].sqrt()
                module.up[:, :rank] = U[:, :rank] * roots
                module.down[:rank] = roots[:, None] * V[:rank]


def _weight_of(path: str) -> str:
    """The name of the weight that the module MODULE.parametrizations.WEIGHT.0 adapts."""
    owner, _, rest = path.partition("parametrizations.")
    return owner + rest.removesuffix(".0")


def unadapted(network: nn.Module) -> dict[str, Tensor]:
    """An adapted network's own tensors, by the names that they had before."""
    own = {}
    for name, tensor in network.state_dict().items():
        path, found, rest = name.partition("parametrizations.")
        if not found or rest.endswith(".original"):
            own[path + rest.removesuffix(".original")] = tensor
    return own


def low_rank_of(network: nn.Module) -> dict[str, Tensor]:
    """What an adapted network has learnt: B and A of each weight `NAME`, as `NAME.up` and `NAME.down`."""
    learnt: dict[str, Tensor] = {}
    for path, module in network.named_modules():
        if isinstance(module, LowRank):
            name = _weight_of(path)
            learnt |= {name + UP: module.up, name + DOWN: module.down}
    return learnt


def merged(tensors: Mapping[str, Tensor], low_rank: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A network's tensors with the additional weights added.

    Raises:
        KeyError, RuntimeError: if they are not of this network.
    """
    names = dict.fromkeys(name.removesuffix(UP).removesuffix(DOWN) for name in low_rank)
    return {**tensors, **{name: added(tensors[name], low_rank[name + UP], low_rank[name + DOWN]) for name in names}}
