"""Pocket's UNet: from a noisy colour picture, a time and a prompt to a picture.

Pixels are folded 2×2 into channels first (64×64×3 → 32×32×12), so that most of the work is done at 32, 16 and 8, where
it is cheap. Convolutions do what is local; transformer blocks at the coarser levels look at the whole picture and at
the prompt's words. Queries and keys are normalised (Henry et al., 2020), without which training in bfloat16 diverged.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.networks.text_encoder import PAD, TextEncoder
from duckrabbit.networks.undrawn import Undrawn

HEAD = 64
"""Channels of one attention head."""

GUIDANCE_FREQUENCIES = 3
"""At which each guidance scale is told, an octave apart."""

GUIDANCE_FEATURES = 2 * (1 + 2 * GUIDANCE_FREQUENCIES)
"""Numbers that tell both scales."""

FEWEST_ROWS = 4
"""Rows from which on a CPU sums up a product in one order."""

GROUPS = 32
"""Groups of group normalisation (Wu and He, 2018)."""


@dataclass(frozen=True)
class PocketUNetConfig:
    """The shape of a `PocketUNet`.

    Attributes:
        vocabulary: tokens of its text encoder.
        in_channels: channels of its input pictures.
        out_channels: channels of its output pictures.
        fold: side of the pixel blocks that are folded into channels.
        widths: channels at each level, finest first; each level has half the side of the one before.
        blocks: residual blocks at each level, going down and going up alike.
        attention: whether a level's residual blocks are each followed by a transformer block.
        text_width: of the text encoder.
        text_layers: of the text encoder.
        text_length: the longest prompt in tokens, START included.
        embedding: width of the vector that carries time, prompt and guidance to every residual block.
        max_guidance: the largest guidance scale that it has learnt to be told; 1 for a network that is told none.
    """

    vocabulary: int
    in_channels: int = 3
    out_channels: int = 3
    fold: int = 2
    widths: tuple[int, ...] = (128, 256, 320)
    blocks: tuple[int, ...] = (2, 2, 2)
    attention: tuple[bool, ...] = (False, True, True)
    text_width: int = 256
    text_layers: int = 2
    text_length: int = 16
    embedding: int = 256
    max_guidance: float = 1.0


class GroupNorm(nn.GroupNorm):
    """Group normalisation; trained on a GPU, from sums over each channel.

    The variance is then E[x²] − E[x]², in float32. A channel's pixels lie far apart in memory and its neighbours close
    by: summed channel by channel, and the few sums group by group, a compiled step takes a tenth less.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[B, W, H, H] → [B, W, H, H]."""
        if x.device.type != "cuda" or not torch.is_grad_enabled():
            return super().forward(x)
        return group_norm_by_channels(x, self.num_groups, self.weight, self.bias, self.eps)


def group_norm_by_channels(
    x: Tensor, groups: int, weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> Tensor:
    """What `F.group_norm` gives, as a scale and a shift of every channel, [B, W, H, H] → float32 [B, W, H, H]."""
    B, W = x.shape[:2]
    h = x.float()
    sums = torch.stack([h.mean((2, 3)), h.square().mean((2, 3))])
    mean, square = sums.view(2, B, groups, -1).mean(-1)
    scale = (square - mean.square()).clamp_min(0).add(epsilon).rsqrt()
    scale, shift = (c.repeat_interleave(W // groups, dim=1) for c in (scale, -mean * scale))
    if weight is not None and bias is not None:
        scale, shift = scale * weight, shift * weight + bias
    normalised: Tensor = h * scale[:, :, None, None] + shift[:, :, None, None]
    return normalised


class FewRowsLinear(nn.Linear):
    """A linear layer of one row a picture that, sampling, gives a picture the same however few others there are.

    On a CPU products of less than four rows are summed up in another order, so it always makes at least four.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[B, W] → [B, V]."""
        if x.device.type != "cpu" or torch.is_grad_enabled():
            return super().forward(x)
        filled = torch.cat([x, x[:1].expand(-len(x) % FEWEST_ROWS, -1)])
        return super().forward(filled)[: len(x)]


class ResBlock(nn.Module):
    """Two convolutions around a residual; time and prompt scale and shift the second normalisation."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.norm1 = GroupNorm(GROUPS, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = GroupNorm(GROUPS, width, affine=False)
        self.scale_shift = FewRowsLinear(embedding, 2 * width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """[B, W, H, H], [B, E] → [B, W, H, H]."""
        scale, shift = self.scale_shift(embedding)[:, :, None, None].chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        changed: Tensor = x + h
        return changed


class Attention(nn.Module):
    """Attention from pixels to pixels or to words, with normalised queries and keys."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(context, 2 * width, bias=False)
        self.norm_q, self.norm_k = nn.LayerNorm(HEAD, bias=False), nn.LayerNorm(HEAD, bias=False)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        """Pixels [B, N, W], context [B, M, C], which of it counts [B, 1, 1, M] → [B, N, W]."""
        B, N, W = x.shape
        q = self.norm_q(self.q(x).view(B, N, -1, HEAD)).transpose(1, 2)
        k, v = self.kv(context).view(B, context.shape[1], 2, -1, HEAD).unbind(2)
        k = self.norm_k(k).transpose(1, 2)
        v = v.transpose(1, 2)
        attended = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, attn_mask=mask)
        return self.out(attended.transpose(1, 2).reshape(B, N, W))  # type: ignore[no-any-return]


class BatchInvariantLinear(nn.Linear):
    """A linear layer that, sampling, gives a picture the same whatever others there are, on any number of threads.

    On a CPU it then is a convolution of each picture's tokens in a row. The order in which a product over many inputs
    is summed up depends on how many rows there are, on some processors with few rows, on others with many; a
    convolution's on the size of one picture alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, W] → [B, N, V]."""
        if x.device.type != "cpu" or torch.is_grad_enabled():
            return super().forward(x)
        pictures = x.transpose(1, 2)[:, :, None]
        return F.conv2d(pictures, self.weight[..., None, None], self.bias)[:, :, 0].transpose(1, 2)


class TransformerBlock(nn.Module):
    """Pixels look at each other, then at the words, then each at itself."""

    def __init__(self, width: int, text_width: int) -> None:
        super().__init__()
        self.norm_self, self.self_attention = nn.LayerNorm(width), Attention(width, width)
        self.norm_cross, self.cross_attention = nn.LayerNorm(width), Attention(width, text_width)
        self.norm_mlp = nn.LayerNorm(width)
        out = BatchInvariantLinear(3 * width, width)
        nn.init.zeros_(out.weight)
        nn.init.zeros_(out.bias)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), out)

    def forward(self, x: Tensor, words: Tensor, present: Tensor) -> Tensor:
        """[B, W, H, H], words [B, L, T], which of them are words [B, 1, 1, L] → [B, W, H, H]."""
        B, W, H, _ = x.shape
        h = x.flatten(2).transpose(1, 2)
        normed = self.norm_self(h)
        h = h + self.self_attention(normed, normed, None)
        h = h + self.cross_attention(self.norm_cross(h), words, present)
        h = h + self.mlp(self.norm_mlp(h))
        changed: Tensor = h.transpose(1, 2).reshape(B, W, H, H)
        return changed


class Block(nn.Module):
    """A residual block and, where the level has attention, a transformer block."""

    def __init__(self, width: int, attention: bool, config: PocketUNetConfig) -> None:
        super().__init__()
        self.residual = ResBlock(width, config.embedding)
        self.transformer = TransformerBlock(width, config.text_width) if attention else None

    def forward(self, x: Tensor, embedding: Tensor, words: Tensor, present: Tensor) -> Tensor:
        """See its two parts."""
        x = self.residual(x, embedding)
        return x if self.transformer is None else self.transformer(x, words, present)


class PocketUNet(nn.Module):
    """The network; see the module's docstring for its shape."""

    def __init__(self, config: PocketUNetConfig) -> None:
        super().__init__()
        self.config = config
        self.text = TextEncoder(config.vocabulary, config.text_width, config.text_layers, config.text_length)
        self.embed = nn.Sequential(
            FewRowsLinear(2 * HEAD + config.text_width, 2 * config.embedding),
            nn.SiLU(),
            FewRowsLinear(2 * config.embedding, config.embedding),
            nn.SiLU(),
        )
        # Without a bias, and features that are zero for a guidance of 1: what it is told then changes nothing.
        self.embed_guidance = (
            FewRowsLinear(GUIDANCE_FEATURES, 2 * config.embedding, bias=False) if config.max_guidance > 1 else None
        )
        if self.embed_guidance is not None:
            nn.init.zeros_(self.embed_guidance.weight)
        widths, levels = config.widths, len(config.widths)
        self.conv_in = nn.Conv2d(config.in_channels * config.fold**2, widths[0], 3, padding=1)
        self.down = nn.ModuleList(self._level(level) for level in range(levels))
        self.shrink = nn.ModuleList(
            nn.Conv2d(widths[level], widths[level + 1], 2, stride=2) for level in range(levels - 1)
        )
        self.middle = TransformerBlock(widths[-1], config.text_width)
        self.merge = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(2 * widths[level], widths[level], 1) for _ in range(config.blocks[level]))
            for level in range(levels)
        )
        self.up = nn.ModuleList(self._level(level) for level in range(levels))
        self.grow = nn.ModuleList(nn.Conv2d(widths[level + 1], widths[level], 1) for level in range(levels - 1))
        self.norm_out = GroupNorm(GROUPS, widths[0])
        self.conv_out = nn.Conv2d(widths[0], config.out_channels * config.fold**2, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]

    def _level(self, level: int) -> nn.ModuleList:
        config = self.config
        return nn.ModuleList(
            Block(config.widths[level], config.attention[level], config) for _ in range(config.blocks[level])
        )

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, guidance: Tensor | None = None) -> Tensor:
        """Pictures [B, C, H, W], times [B] in [0, 1], tokens [B, L] → pictures [B, C′, H, W].

        `guidance`, [B, 2], is γ and γ of the mean colour, of a network that has learnt to guide; 1 and 1 where it is
        left out, or nobody listens.
        """
        words, prompt = self.text(tokens)
        present = (tokens != PAD)[:, None, None, :]
        first, *others = self.embed
        embedding = first(torch.cat([time_features(t), prompt.float()], dim=1))
        if guidance is not None and self.embed_guidance is not None:
            embedding = embedding + self.embed_guidance(guidance_features(guidance))
        for layer in others:
            embedding = layer(embedding)

        h = self.conv_in(F.pixel_unshuffle(x, self.config.fold))
        skips: list[Tensor] = []
        for level, blocks in enumerate(self.down):
            if level > 0:
                h = self.shrink[level - 1](h)
            for block in blocks:  # type: ignore[attr-defined]
                h = block(h, embedding, words, present)
                skips.append(h)
        h = self.middle(h, words, present)
        for level in reversed(range(len(self.up))):
            for merge, block in zip(self.merge[level], self.up[level], strict=True):  # type: ignore[call-overload]
                h = merge(torch.cat([h, skips.pop()], dim=1))
                h = block(h, embedding, words, present)
            if level > 0:
                h = F.interpolate(self.grow[level - 1](h), scale_factor=2.0, mode="nearest")
        return F.pixel_shuffle(self.conv_out(F.silu(self.norm_out(h))), self.config.fold)


def network_with(config: PocketUNetConfig, tensors: Mapping[str, Tensor]) -> PocketUNet:
    """A network whose weights are these tensors themselves, in float32.

    Raises:
        RuntimeError: if they are not its tensors.
    """
    with Undrawn():
        network = PocketUNet(config)
    network.load_state_dict({name: tensor.detach().float() for name, tensor in tensors.items()}, assign=True)
    return network


def grown(network: PocketUNet, blocks: tuple[int, ...], vocabulary: int) -> PocketUNet:
    """The same function with more residual blocks and words: what is new leaves every picture as it was.

    New blocks come last on the way down and first on the way up. Their last layers start at zero, and the convolutions
    that merge them with their skips start by passing the picture on (Net2Net; Chen et al., 2016).

    Args:
        network: what grows.
        blocks: at each level, at least as many as it has.
        vocabulary: tokens, at least as many; new ones start at random.
    """
    before = network.config
    after = replace(before, blocks=blocks, vocabulary=vocabulary)
    larger = PocketUNet(after)
    added = [new - old for new, old in zip(blocks, before.blocks, strict=True)]

    def place(name: str) -> str:
        part, level, block, *rest = [*name.split("."), "", ""]
        if part not in ("up", "merge"):
            return name
        return ".".join([part, level, str(int(block) + added[int(level)]), *(word for word in rest if word)])

    state = larger.state_dict()
    for name, tensor in network.state_dict().items():
        if name == "text.words.weight":
            state[name][: len(tensor)] = tensor
        else:
            state[place(name)] = tensor
    for level, count in enumerate(added):
        for block in range(count):
            weight = state[f"merge.{level}.{block}.weight"]
            weight.zero_()
            weight[:, : len(weight), 0, 0] = torch.eye(len(weight))
            state[f"merge.{level}.{block}.bias"].zero_()
    larger.load_state_dict(state)
    return larger


def time_features(t: Tensor) -> Tensor:
    """Sines and cosines of the time at 64 frequencies from 1 to 1,000 radians, [B] → [B, 128]."""
    frequencies = torch.exp(torch.linspace(0.0, math.log(1000.0), HEAD, device=t.device))
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def guidance_features(guidance: Tensor) -> Tensor:
    """γ − 1, and sines and cosines of log γ, less what they are at γ = 1, for two scales [B, 2] → [B, 14]."""
    scale = guidance.float()[:, :, None]
    angles = scale.log() * 0.75 * torch.arange(GUIDANCE_FREQUENCIES, device=guidance.device).exp2()
    return torch.cat([(scale - 1) / 4, angles.sin(), 1 - angles.cos()], dim=2).flatten(1)
