"""Open models scaled down: the real classes with random weights, written by diffusers as a user's folder is."""

from pathlib import Path
from typing import Any

import torch

WORDS = ["a", "photo", "of", "dog", "cat", "an", "oil", "painting", "snowy", "mountain", "village", "old", "man"]
PROMPTS = ("a photo of a dog", "an oil painting of a cat")


def write_prx_pixel(folder: Path, side: int = 16) -> Path:
    """PRXPixel: two blocks, patches of 4, a Qwen3-VL text tower of one layer."""
    from diffusers import FlowMatchEulerDiscreteScheduler, PRXPixelPipeline, PRXTransformer2DModel
    from transformers import Qwen3VLTextModel
    from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLTextConfig

    torch.manual_seed(0)
    network = PRXTransformer2DModel(
        in_channels=3,
        patch_size=4,
        context_in_dim=32,
        hidden_size=32,
        mlp_ratio=2.0,
        num_heads=2,
        depth=2,
        axes_dim=[8, 8],
        bottleneck_size=16,
        resolution_embeds=True,
    )
    text = Qwen3VLTextModel(
        Qwen3VLTextConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=16,
            rope_scaling={"rope_type": "default", "mrope_section": [4, 2, 2]},
        )
    )
    pipeline = PRXPixelPipeline(
        stirred(network), FlowMatchEulerDiscreteScheduler(shift=3.0), text.eval(), tokenizer(32), side, 32, 2.0
    )
    return written(pipeline, folder)


def tokenizer(length: int, template: str | None = None) -> Any:
    """One token a word."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<unk>", "<bos>", "<eos>"]
    vocabulary = {word: k for k, word in enumerate([*special, *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    words.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "bos_token", "eos_token"), special, strict=True))
    made = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=length, **names)
    made.chat_template = template
    return made


def stirred(network: Any, spread: float = 0.05) -> Any:
    """Weights with which prompt and time matter, zeros of the initialization among them, and which stay tame."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(spread * torch.randn(parameter.shape, generator=generator))
    return network.eval()


def written(pipeline: Any, folder: Path) -> Path:
    """Written as a user has it."""
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder
