"""DeepFloyd IF scaled down: the real classes and IF's configuration, random weights, written as a user's folder is."""

import io
import json
import math
import warnings
from pathlib import Path
from typing import Any

import torch

WORDS = (
    "a photo of a dog",
    "an oil painting of people around a campfire",
    "an oil painting of an old man",
    "a lithograph of waterfalls",
    "a lithograph of a skull",
    "a high quality photo",
    "a rocket ship and a pencil",
)
TEXT_WIDTH = 32
SMALL, LARGE = 16, 64

DEEP = "SimpleCrossAttnDownBlock2D"


def unet_config(widths: tuple[int, ...], size: int, text_width: int, head: int, heads: int) -> dict[str, Any]:
    """Stage I: four levels of three layers, cross-attention on all but the first."""
    return {
        "sample_size": size,
        "in_channels": 3,
        "out_channels": 6,
        "block_out_channels": widths,
        "layers_per_block": 3,
        "down_block_types": ("ResnetDownsampleBlock2D", *[DEEP] * (len(widths) - 1)),
        "up_block_types": (*["SimpleCrossAttnUpBlock2D"] * (len(widths) - 1), "ResnetUpsampleBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "cross_attention_dim": widths[-1],
        "cross_attention_norm": "group_norm",
        "attention_head_dim": head,
        "encoder_hid_dim": text_width,
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": heads,
        "act_fn": "gelu",
        "time_embedding_act_fn": "gelu",
        "time_embedding_dim": widths[-1],
        "resnet_time_scale_shift": "scale_shift",
        "resnet_skip_time_act": True,
        "resnet_out_scale_factor": math.sqrt(2),
        "mid_block_scale_factor": math.sqrt(2),
    }


def second_unet_config(widths: tuple[int, ...], size: int, text_width: int, head: int, heads: int) -> dict[str, Any]:
    """Stage II: six channels in, told the guide's level, attention at the bottom only, more layers further down."""
    above = len(widths) - 1
    return unet_config(widths, size, text_width, head, heads) | {
        "in_channels": 6,
        "class_embed_type": "timestep",
        "layers_per_block": (2, 4, 8, 8)[: len(widths)],
        "down_block_types": (*["ResnetDownsampleBlock2D"] * above, DEEP),
        "up_block_types": ("SimpleCrossAttnUpBlock2D", *["ResnetUpsampleBlock2D"] * above),
        "only_cross_attention": True,
    }


def scheduler_config(maximum: float) -> dict[str, Any]:
    """IF's DDPMScheduler; `maximum` is that of dynamic thresholding."""
    return {
        "beta_schedule": "squaredcos_cap_v2",
        "variance_type": "learned_range",
        "prediction_type": "epsilon",
        "thresholding": True,
        "dynamic_thresholding_ratio": 0.95,
        "sample_max_value": maximum,
    }


def write_cascade(folder: Path, widths: tuple[int, ...] = (32, 64)) -> Path:
    """FOLDER/stage1 and FOLDER/stage2 in diffusers' layout, in files of the fp16 variant."""
    from diffusers import DDPMScheduler, IFPipeline, IFSuperResolutionPipeline, UNet2DConditionModel

    shared: dict[str, Any] = {"safety_checker": None, "feature_extractor": None, "watermarker": None}
    shared |= {"requires_safety_checker": False}
    tokenizer, encoder = write_text_encoder(folder / "stage1")
    torch.manual_seed(0)
    first = UNet2DConditionModel(**unet_config(widths, SMALL, TEXT_WIDTH, 8, 4))
    second = UNet2DConditionModel(**second_unet_config(widths, LARGE, TEXT_WIDTH, 8, 4))
    for network in (first, second):
        _stir(network)
    pipelines: dict[str, Any] = {
        "stage1": IFPipeline(tokenizer, encoder, first, DDPMScheduler(**scheduler_config(1.5)), **shared),
        "stage2": IFSuperResolutionPipeline(
            None,
            None,
            second,
            DDPMScheduler(**scheduler_config(1.0)),
            DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
            **shared,
        ),
    }
    for name, pipeline in pipelines.items():
        # Values that fp16 holds exactly, kept in fp32 files of that variant: both sides read the same numbers.
        pipeline.save_pretrained(folder / name, variant="fp16", safe_serialization=True)
    return folder


def write_text_encoder(folder: Path) -> tuple[Any, Any]:
    """A T5 of two layers with a sentencepiece tokenizer of its own."""
    import sentencepiece
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS * 20),
        model_writer=model,
        vocab_size=60,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer" / "spiece.model").write_bytes(model.getvalue())
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer"}))
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=256, d_model=TEXT_WIDTH, d_kv=8, d_ff=64, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = T5Tokenizer.from_pretrained(str(folder / "tokenizer"))
    return tokenizer, T5EncoderModel(config)


def write_pixel_pipeline(folder: Path, classes: int | None, **scheduler: Any) -> Path:
    """A DDPMPipeline of 8×8 pictures, with classes or without."""
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    torch.manual_seed(2)
    network = UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        num_class_embeds=classes,
    )
    DDPMPipeline(network, DDPMScheduler(**scheduler)).save_pretrained(folder, safe_serialization=True)
    return folder


def _stir(network: Any) -> None:
    """Weights with which the prompt matters, which fp16 holds exactly, and which do not magnify what goes in.

    An untrained network whose output moves more than its input makes sampling chaotic: rounding would decide.
    """
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        network.conv_out.weight.mul_(0.3)
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
