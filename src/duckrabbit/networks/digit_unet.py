"""The UNet of Part B: 28×28 digits, two downsamplings, conditioned on nothing, on time, or on time and class.

Every convolution but the last is followed by batch normalisation and GELU, and has no bias: the normalisation
would subtract it. With D hidden channels:

    picture 1×28×28 ─ ConvBlock ─ D×28×28 ───────────────────────────────────── concat ─ ConvBlock ─ Conv2d ─ 1×28×28
                          └ DownBlock ─ D×14×14 ─────────────────── concat ─ UpBlock ┘
                                └ DownBlock ─ 2D×7×7 ─── concat ─ UpBlock ┘(·c2 + t2)
                                       └ Flatten ─ 2D×1×1 ─ Unflatten ┘(·c1 + t1)

Conditioning enters as `unflatten = c1·unflatten + t1` and `up1 = c2·up1 + t2`, where each t and c is an FCBlock
of the time in [0, 1] or of the one-hot class. A class vector of zeros is the null class of classifier-free guidance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NUM_CLASSES = 10


class Conv(nn.Sequential):
    """3×3 convolution that keeps the resolution: [B, in, H, W] → [B, out, H, W]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.GELU(),
        )


class DownConv(nn.Sequential):
    """3×3 convolution with stride 2: [B, in, H, W] → [B, out, H/2, W/2]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.GELU(),
        )


class UpConv(nn.Sequential):
    """4×4 transposed convolution with stride 2: [B, in, H, W] → [B, out, 2H, 2W]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.GELU(),
        )


class Flatten(nn.Module):
    """7×7 average pool, then GELU: [B, C, 7, 7] → [B, C]."""

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x.mean(dim=(-2, -1)))


class Unflatten(nn.Module):
    """7×7 transposed convolution of a 1×1 picture: [B, in] → [B, out, 7, 7].

    On a single pixel that convolution is a matrix product, and written as one it is several times faster.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels * 49, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x).unflatten(1, (-1, 7, 7))
        return F.gelu(self.norm(y))


class ConvBlock(nn.Sequential):
    """Two Convs: [B, in, H, W] → [B, out, H, W]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(Conv(in_channels, out_channels), Conv(out_channels, out_channels))


class DownBlock(nn.Sequential):
    """DownConv, then ConvBlock: [B, in, H, W] → [B, out, H/2, W/2]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(DownConv(in_channels, out_channels), ConvBlock(out_channels, out_channels))


class UpBlock(nn.Sequential):
    """UpConv, then ConvBlock: [B, in, H, W] → [B, out, 2H, 2W]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(UpConv(in_channels, out_channels), ConvBlock(out_channels, out_channels))


class FCBlock(nn.Sequential):
    """Linear, GELU, Linear: a scalar or one-hot condition [B, in] → one number per channel [B, out]."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(nn.Linear(in_features, out_features), nn.GELU(), nn.Linear(out_features, out_features))


class DigitUNet(nn.Module):
    """The UNet of the sources, in one of three kinds.

    Args:
        hidden: D, the number of channels at full resolution.
        time: whether it is conditioned on the time t in [0, 1] (then `forward` needs `t` of shape [B]).
        classes: whether it is conditioned on the class (then `forward` needs `c` of shape [B, 10], one-hot or zero).
    """

    def __init__(self, hidden: int = 64, time: bool = True, classes: bool = False) -> None:
        super().__init__()
        self.hidden, self.time, self.classes = hidden, time, classes
        self.init_conv = ConvBlock(1, hidden)
        self.down1 = DownBlock(hidden, hidden)
        self.down2 = DownBlock(hidden, 2 * hidden)
        self.flatten = Flatten()
        self.unflatten = Unflatten(2 * hidden, 2 * hidden)
        self.up1 = UpBlock(4 * hidden, hidden)
        self.up2 = UpBlock(2 * hidden, hidden)
        self.out_block = ConvBlock(2 * hidden, hidden)
        self.out_conv = nn.Conv2d(hidden, 1, kernel_size=3, padding=1)
        if time:
            self.t1, self.t2 = FCBlock(1, 2 * hidden), FCBlock(1, hidden)
        if classes:
            self.c1, self.c2 = FCBlock(NUM_CLASSES, 2 * hidden), FCBlock(NUM_CLASSES, hidden)

    def forward(self, x: Tensor, t: Tensor | None = None, c: Tensor | None = None) -> Tensor:
        """[B, 1, 28, 28] (and t [B], c [B, 10]) → [B, 1, 28, 28]."""
        full = self.init_conv(x)
        half = self.down1(full)
        quarter = self.down2(half)
        unflatten = self.unflatten(self.flatten(quarter))
        if self.classes and c is not None:
            unflatten = self.c1(c)[:, :, None, None] * unflatten
        if self.time and t is not None:
            unflatten = unflatten + self.t1(t[:, None])[:, :, None, None]
        up1 = self.up1(torch.cat([unflatten, quarter], dim=1))
        if self.classes and c is not None:
            up1 = self.c2(c)[:, :, None, None] * up1
        if self.time and t is not None:
            up1 = up1 + self.t2(t[:, None])[:, :, None, None]
        up2 = self.up2(torch.cat([up1, half], dim=1))
        out: Tensor = self.out_conv(self.out_block(torch.cat([up2, full], dim=1)))
        return out
