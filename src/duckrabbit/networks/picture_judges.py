"""Small classifiers of pictures, of three builds: residual ones and transformers guide and select, one only reports.

All take pictures [B, 3, 64, 64] in [−1, 1] to logits [B, classes]; `features` gives what the last linear layer sees.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 128
"""Width of the features of all."""


class ResidualPictureJudge(nn.Module):
    """A residual network with group normalisation: 32, 16, 8 and 4 pixels a side.

    He et al., 2016 (arXiv:1512.03385); Wu and He, 2018 (arXiv:1803.08494).
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 5 * width)
        self.stem = nn.Conv2d(3, width, 5, stride=2, padding=2)
        self.stages = nn.ModuleList(
            nn.Sequential(_Residual(widths[max(k - 1, 0)], w, 1 if k == 0 else 2), _Residual(w, w, 1))
            for k, w in enumerate(widths)
        )
        self.norm = nn.GroupNorm(8, widths[-1])
        self.hidden = nn.Linear(widths[-1], FEATURES)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → features [B, 128]."""
        h = self.stem(x)
        for stage in self.stages:
            h = stage(h)
        return F.silu(self.hidden(F.silu(self.norm(h)).mean(dim=(-2, -1))))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → logits [B, classes]."""
        logits: Tensor = self.head(self.dropout(self.features(x)))
        return logits


class ReportingPictureJudge(nn.Module):
    """Depthwise 7×7 convolutions and wide pointwise layers: 32, 16 and 8 pixels a side.

    "ConvNeXt", Liu et al., 2022 (arXiv:2201.03545).
    """

    def __init__(self, classes: int, width: int = 64) -> None:
        super().__init__()
        widths, depths = (width, 2 * width, 3 * width), (2, 3, 4)
        self.stem = nn.Conv2d(3, width, 4, stride=2, padding=1)
        self.shrink = nn.ModuleList(nn.Conv2d(widths[k], widths[k + 1], 2, stride=2) for k in range(2))
        self.stages = nn.ModuleList(
            nn.Sequential(*(_Wide(w) for _ in range(depth))) for w, depth in zip(widths, depths, strict=True)
        )
        self.norm = nn.LayerNorm(widths[-1])
        self.hidden = nn.Linear(widths[-1], FEATURES)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → features [B, 128]."""
        h = self.stages[0](self.stem(x))
        for shrink, stage in zip(self.shrink, (*self.stages,)[1:], strict=True):
            h = stage(shrink(h))
        return F.gelu(self.hidden(self.norm(h.mean(dim=(-2, -1)))))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → logits [B, classes]."""
        logits: Tensor = self.head(self.dropout(self.features(x)))
        return logits


class TransformerPictureJudge(nn.Module):
    """A transformer on 8×8 tokens behind three convolutions, whose mean is read.

    "ViT", Dosovitskiy et al., 2021 (arXiv:2010.11929), with the convolutional stem of Xiao et al., 2021
    (arXiv:2106.14881), without which it takes several times as many pictures to learn.
    """

    def __init__(self, classes: int, width: int, depth: int) -> None:
        super().__init__()
        widths = (3, width // 4, width // 2, width)
        self.stem = nn.Sequential(
            *(_Halved(before, after) for before, after in pairwise(widths)), nn.Conv2d(width, width, 1)
        )
        self.places = nn.Parameter(0.02 * torch.randn(64, width))
        self.blocks = nn.ModuleList(_Looking(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, FEATURES)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → features [B, 128]."""
        h = self.stem(x).flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            h = block(h)
        return F.gelu(self.hidden(self.norm(h).mean(dim=1)))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → logits [B, classes]."""
        logits: Tensor = self.head(self.dropout(self.features(x)))
        return logits


BUILDS: Mapping[str, Callable[[int], nn.Module]] = {
    "residual-24": partial(ResidualPictureJudge, width=24),
    "residual-32": partial(ResidualPictureJudge, width=32),
    "residual-40": partial(ResidualPictureJudge, width=40),
    "residual-64": partial(ResidualPictureJudge, width=64),
    "transformer-128": partial(TransformerPictureJudge, width=128, depth=6),
    "convolutional-64": ReportingPictureJudge,
}
"""From a number of classes to a network, by the name that weights are kept under."""


class Panel(nn.Module):
    """Several networks with the same classes: what they say on average, and what each says by itself.

    What one network makes of noise the others do not, so that the mean of K log p orders pictures better than one does.
    The mean's p don't add up to one: what is left is how much the members differ.
    """

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def member(self, turn: int) -> nn.Module:
        """Whose turn it is."""
        return self.members[turn % len(self.members)]

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → the features of all members side by side, [B, 128 K]."""
        return torch.cat([member.features(x) for member in self.members], dim=1)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64] → the mean of log p over the members, [B, classes]."""
        return torch.stack([member(x).log_softmax(dim=1) for member in self.members]).mean(dim=0)


class _Halved(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(1, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.norm(self.conv(x)))


class _Looking(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        B, N, W = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, N, 3, -1, 32).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, W))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result


class _Residual(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.norm2 = nn.GroupNorm(8, out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        same = in_channels == out_channels and stride == 1
        self.skip = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        result: Tensor = self.skip(x) + h
        return result


class _Wide(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.widen = nn.Conv2d(width, 4 * width, 1)
        self.narrow = nn.Conv2d(4 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.narrow(F.gelu(self.widen(self.norm(self.depthwise(x)))))
        return x + h
