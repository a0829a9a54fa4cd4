"""Small classifiers of pictures, of two builds: residual ones pull and select, the other only ever reports.

All take pictures [B, 3, 64, 64] in [−1, 1] to logits [B, classes]; `features` gives what the last linear layer sees.
"""

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
