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


def write_stable_diffusion(folder: Path, scheduler: Any = None) -> Path:
    """Stable Diffusion: a UNet of two levels on 8×8 latents of 16×16 pictures."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=autoencoder(4),
        text_encoder=clip(),
        tokenizer=tokenizer(77),
        unet=stirred(_unet()),
        scheduler=scheduler or DDIMScheduler(**LATENT_BETAS, clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return written(pipeline, folder)


def write_stable_diffusion_v(folder: Path) -> Path:
    """Stable Diffusion 2: v, and the levels spaced from the end."""
    from diffusers import DDIMScheduler

    spacing: dict[str, Any] = {"prediction_type": "v_prediction", "timestep_spacing": "trailing"}
    return write_stable_diffusion(folder, DDIMScheduler(**LATENT_BETAS, clip_sample=False, **spacing))


def write_sdxl(folder: Path) -> Path:
    """XL: two encoders, what the second pools, and sizes; an Euler scheduler, as its publishers have it."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(0)
    unet = _unet(
        cross_attention_dim=64,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32,
    )
    pipeline = StableDiffusionXLPipeline(
        vae=autoencoder(4),
        text_encoder=clip(),
        text_encoder_2=clip(pooled=True),
        tokenizer=tokenizer(77),
        tokenizer_2=tokenizer(77),
        unet=stirred(unet),
        scheduler=EulerDiscreteScheduler(**LATENT_BETAS, timestep_spacing="leading", steps_offset=1),
        force_zeros_for_empty_prompt=True,
    )
    return written(pipeline, folder)


def write_upscaler(folder: Path) -> Path:
    """The ×4 upscaler: a guide behind the latents, told its level; four pixels each way to a latent."""
    from diffusers import DDIMScheduler, DDPMScheduler, StableDiffusionUpscalePipeline

    torch.manual_seed(0)
    pipeline = StableDiffusionUpscalePipeline(
        vae=autoencoder(4, levels=3),
        text_encoder=clip(),
        tokenizer=tokenizer(77),
        unet=stirred(_unet(in_channels=7, num_class_embeds=1000)),
        low_res_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        scheduler=DDIMScheduler(**LATENT_BETAS, clip_sample=False, prediction_type="v_prediction", steps_offset=1),
        max_noise_level=350,
    )
    return written(pipeline, folder)


def write_prx(folder: Path) -> Path:
    """PRX: latents of an autoencoder, and a T5Gemma encoder."""
    from diffusers import FlowMatchEulerDiscreteScheduler, PRXPipeline, PRXTransformer2DModel
    from transformers.models.t5gemma.configuration_t5gemma import T5GemmaConfig, T5GemmaModuleConfig
    from transformers.models.t5gemma.modeling_t5gemma import T5GemmaEncoder

    torch.manual_seed(0)
    network = PRXTransformer2DModel(
        in_channels=4, context_in_dim=32, hidden_size=32, mlp_ratio=2.0, num_heads=2, depth=2, axes_dim=[8, 8]
    )
    module = T5GemmaModuleConfig(
        vocab_size=32,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
    )
    config = T5GemmaConfig(encoder=module, decoder=module, is_encoder_decoder=False, vocab_size=32)
    pipeline = PRXPipeline(
        transformer=stirred(network),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        text_encoder=T5GemmaEncoder(config.encoder).eval(),
        tokenizer=tokenizer(32),
        vae=autoencoder(4, shift=0.1),
        default_sample_size=16,
    )
    written(pipeline, folder)
    # As it is published: the configuration of encoder and decoder, the weights of the encoder alone.
    config.save_pretrained(folder / "text_encoder")
    return folder


def write_sd3(folder: Path, t5: bool = True) -> Path:
    """Stable Diffusion 3: two CLIPs, a T5 or none, a shift."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    torch.manual_seed(0)
    network = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        pos_embed_max_size=8,
    )
    pipeline = StableDiffusion3Pipeline(
        transformer=stirred(network),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(4, shift=0.1),
        text_encoder=clip(pooled=True),
        tokenizer=tokenizer(77),
        text_encoder_2=clip(pooled=True),
        tokenizer_2=tokenizer(77),
        text_encoder_3=_t5(64) if t5 else None,
        tokenizer_3=tokenizer(77) if t5 else None,
    )
    return written(pipeline, folder)


def write_z_image(folder: Path) -> Path:
    """Z-Image: a Qwen3 that is spoken to, times shifted by the size."""
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen3Config, Qwen3Model

    torch.manual_seed(0)
    network = ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=32,
        axes_dims=[4, 6, 6],
        axes_lens=[64, 64, 64],
    )
    text = Qwen3Config(
        vocab_size=32,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
    )
    template = "{% for message in messages %}a {{ message['content'] }}{% endfor %}"
    pipeline = ZImagePipeline(
        FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        autoencoder(4, shift=0.1),
        Qwen3Model(text).eval(),
        tokenizer(64, template),
        stirred(network),
    )
    return written(pipeline, folder)


def write_flux(folder: Path, guidance: bool = False) -> Path:
    """FLUX.1: packed latents, CLIP and T5."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    torch.manual_seed(0)
    network = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 6, 6),
        guidance_embeds=guidance,
    )
    pipeline = FluxPipeline(
        FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=guidance),
        autoencoder(4, shift=0.1),
        clip(),
        tokenizer(77),
        _t5(32),
        tokenizer(32),
        stirred(network),
    )
    return written(pipeline, folder)


def write_flux_dev(folder: Path) -> Path:
    """FLUX.1 dev: told a guidance scale, times shifted by the size."""
    return write_flux(folder, guidance=True)


def _t5(width: int) -> Any:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=32, d_model=width, d_kv=8, d_ff=48, num_layers=1, num_heads=2)
    return T5EncoderModel(config).eval()


LATENT_BETAS: dict[str, Any] = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}


def _unet(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    config: dict[str, Any] = {
        "sample_size": 8,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**config | more)


def autoencoder(channels: int, shift: float | None = None, levels: int = 2) -> Any:
    """Two pixels each way to a latent, or four at three levels."""
    from diffusers import AutoencoderKL

    made = AutoencoderKL(
        block_out_channels=(8,) * levels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=channels,
        norm_num_groups=4,
        scaling_factor=0.5,
        shift_factor=shift,
    )
    return stirred(made)


def clip(pooled: bool = False) -> Any:
    """A CLIP text tower of two layers."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=32,
        hidden_size=32,
        intermediate_size=48,
        projection_dim=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        eos_token_id=3,
        bos_token_id=2,
        pad_token_id=0,
    )
    return (CLIPTextModelWithProjection if pooled else CLIPTextModel)(config).eval()


def write_judge(folder: Path, kind: str = "clip") -> Path:
    """CLIP or SigLIP of one layer each, with a tokenizer and what it does to pictures."""
    import json

    from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

    torch.manual_seed(0)
    text = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 20, "eos_token_id": 3, "projection_size": 16}
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision |= {"image_size": 24, "patch_size": 8}
    config, model = (CLIPConfig, CLIPModel) if kind == "clip" else (SiglipConfig, SiglipModel)
    more = {"projection_dim": 16} if kind == "clip" else {}
    stirred(model(config(text_config=text, vision_config=vision, **more)), 0.3).save_pretrained(folder)
    tokenizer(20).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.25] * 3}))
    return folder


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
