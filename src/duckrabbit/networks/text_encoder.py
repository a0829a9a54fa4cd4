"""The text encoder of pocket: words in, one vector a word and one for the whole prompt out.

It is trained along with the UNet from random weights; nothing pretrained is needed at run time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD = 0
"""Fills a row of tokens after the last word."""

START = 1
"""Begins every prompt; alone it is the null prompt."""


def without_words(tokens: Tensor) -> Tensor:
    """The null prompt in place of each prompt of [B, L]."""
    null = torch.full_like(tokens, PAD)
    null[:, 0] = START
    return null


class TextLayer(nn.Module):
    """A pre-norm transformer layer (Vaswani et al., 2017, arXiv:1706.03762) whose words don't see the padding."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Words [B, L, W], which of them are words [B, 1, 1, L] → words [B, L, W]."""
        B, L, W = x.shape
        qkv = self.qkv(self.norm_attention(x)).view(B, L, 3, self.heads, W // self.heads).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], attn_mask=mask)
        x = x + self.out(attended.transpose(1, 2).reshape(B, L, W))
        changed: Tensor = x + self.mlp(self.norm_mlp(x))
        return changed


class TextEncoder(nn.Module):
    """Tokens [B, L] → words [B, L, W] and the mean over each prompt's words [B, W].

    Args:
        vocabulary: number of tokens, PAD and START included.
        width: W.
        layers: transformer layers.
        length: the longest prompt, START included.
    """

    def __init__(self, vocabulary: int, width: int = 256, layers: int = 2, length: int = 16) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(nn.init.normal_(torch.empty(length, width), std=0.02))
        self.layers = nn.ModuleList(TextLayer(width, heads=width // 64) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.words.weight, std=0.5)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, L], rows ending in PAD → words [B, L, W] and the mean over each prompt's words [B, W]."""
        present = tokens != PAD
        x = self.words(tokens) + self.positions[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x, present[:, None, None, :])
        x = self.norm(x)
        weights = present.to(x.dtype).unsqueeze(-1)
        return x, (x * weights).sum(1) / weights.sum(1)
