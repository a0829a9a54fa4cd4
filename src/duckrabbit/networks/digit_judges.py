"""Two small digit classifiers of different build: one selects pictures, the other only ever reports on them.

Both take pictures [B, 1, 28, 28] in [−1, 1] to logits [B, 10]; `features` gives what the last linear layer sees.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class SelectingJudge(nn.Module):
    """Six plain 3×3 convolutions with max pooling; 128 features from a hidden linear layer."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *_plain(1, width), *_plain(width, width), nn.MaxPool2d(2),
            *_plain(width, 2 * width), *_plain(2 * width, 2 * width), nn.MaxPool2d(2),
            *_plain(2 * width, 3 * width), *_plain(3 * width, 3 * width), nn.AvgPool2d(2),
        )  # fmt: skip
        self.hidden = nn.Linear(3 * width * 9, 128)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(128, 10)

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 1, 28, 28] → features [B, 128]."""
        return F.relu(self.hidden(self.convolutions(x).flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 1, 28, 28] → logits [B, 10]."""
        logits: Tensor = self.head(self.dropout(self.features(x)))
        return logits


class ReportingJudge(nn.Module):
    """A residual network with strided 5×5 stem and global average pooling; 96 features."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(width))
        self.blocks = nn.Sequential(
            _Residual(width, width, 1), _Residual(width, 2 * width, 2), _Residual(2 * width, 3 * width, 2)
        )
        self.head = nn.Linear(3 * width, 10)

    def features(self, x: Tensor) -> Tensor:
        """Pictures [B, 1, 28, 28] → features [B, 96]."""
        y: Tensor = self.blocks(F.silu(self.stem(x)))
        return y.mean(dim=(-2, -1))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [B, 1, 28, 28] → logits [B, 10]."""
        logits: Tensor = self.head(self.features(x))
        return logits


class _Residual(nn.Module):
    """Two 3×3 convolutions around which the input is added, projected where its shape changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(out_channels)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.first_norm(self.first(x)))
        return F.silu(self.second_norm(self.second(y)) + self.shortcut(x))


def _plain(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(out_channels), nn.ReLU()
