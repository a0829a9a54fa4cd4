"""Pocket: a small text-to-image model in colour; from a configuration to a network, and back from disk."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from duckrabbit.datasets.prompts import Placed, Vocabulary, kinds_for_places
from duckrabbit.diffusion.cycle_spinning import CycleSpinning
from duckrabbit.diffusion.denoiser import Denoiser, EncodedOnce, NetworkDenoiser
from duckrabbit.diffusion.parametrization import V
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.self_guided import SelfGuided, plain_of
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, SamplerConfig, SecondStage, bicubic, text_of
from duckrabbit.networks.pocket_unet import PocketUNet, PocketUNetConfig, network_with
from duckrabbit.networks.self_guided import additional_weights, own_weights, self_guided
from duckrabbit.networks.text_encoder import PAD

KIND = "pocket-unet"
SIDE = 64
ROW_MULTIPLE = 2
"""Convolutions of two pictures sum as those of many do; `FewRowsLinear` sees to what takes four."""

KNOWN = "a rabbit, a lighthouse, a red car"
"""Of what can be asked for, where nothing nearer is known."""


SAMPLER = SamplerConfig(
    solver="dpmpp_2m", steps=12, guidance_scale=3.0, guidance_interval=(0.0, 0.95), mean_guidance_scale=2.0
)
"""How pocket is sampled unless its file says otherwise: without guidance at first, pictures of a prompt differ more.

More guidance of the mean colour made photographs nearly black.
"""

ILLUSION_SAMPLER = SamplerConfig(
    solver="ddpm",
    steps=17,
    guidance_scale=4.0,
    guidance_interval=(0.2, 1.0),
    mean_guidance_scale=3.0,
    judge_scale=0.7,
)
"""How anagrams and hybrids are sampled: where a judge guides every step, fresh noise is worth a dozen of them."""

SPUN_BELOW = 0.1
"""Where a second stage's pictures are rolled: rolled from the start they would be blurred."""

INPAINT_RESAMPLINGS = 2
"""A step asks it once, under guidance; asked twice, what it paints fits better to what lies around."""


@dataclass(frozen=True)
class PocketConfig:
    """All that is needed to rebuild pocket around its weights.

    Attributes:
        words: its vocabulary.
        network: the shape of its UNet.
        sampler: the default way of sampling.
        illusion_sampler: the default for anagrams and hybrids.
        training: what the weights were trained on, and how; for the record.
        size: side of its pictures.
        low_time: of a second stage, the time to which the picture that it enlarges is noised; None for a first stage.
        first_stage: of a second stage, what `load_model` is given for the model whose pictures it makes large.
        max_guidance: the largest guidance that it can be told, to answer in one evaluation; 1 for none.
        rank: of the additional weights that do so, which its file holds besides its own; 0 for none.
    """

    words: tuple[str, ...] = field(repr=False)
    network: PocketUNetConfig
    sampler: SamplerConfig = SAMPLER
    illusion_sampler: SamplerConfig = ILLUSION_SAMPLER
    training: Mapping[str, Any] = field(default_factory=dict)
    size: int = SIDE
    low_time: float | None = None
    first_stage: str | None = None
    max_guidance: float = 1.0
    rank: int = 0

    @property
    def inpaint_resamplings(self) -> int:
        """How often it makes each step to paint into a picture: once where the small picture has settled what."""
        return INPAINT_RESAMPLINGS if self.low_time is None else 1

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns prompts into tokens."""
        return Vocabulary(self.words, self.network.text_length)

    def to_json(self) -> dict[str, Any]:
        """The configuration for a file's header."""
        return {"kind": KIND, **asdict(self)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "PocketConfig":
        """The configuration of a file's header; raises ValueError for none."""
        return msgspec.convert(data, PocketConfig)


def pocket_denoiser(
    network: nn.Module, vocabulary: Vocabulary, device: torch.device, dtype: torch.dtype
) -> NetworkDenoiser:
    """A network of this kind as a denoiser whose prompts are sentences."""

    def tokens(prompts: Sequence[str]) -> list[Tensor]:
        read = [" ".join(kinds_for_places(prompt, vocabulary).words) for prompt in prompts]
        return [vocabulary.encode([prompt])[0].to(device) for prompt in read]

    pad = partial(pad_sequence, batch_first=True, padding_value=PAD)
    return NetworkDenoiser(network, Cosine(), V, EncodedOnce(tokens, pad), dtype, ROW_MULTIPLE)


def network_of(model: Model) -> tuple[NetworkDenoiser, PocketUNet] | None:
    """What answers a pocket model's prompts without guidance, and its network; None for another kind of model."""
    denoiser = plain_of(model.denoiser)
    if isinstance(denoiser, NetworkDenoiser) and isinstance(denoiser.network, PocketUNet):
        return denoiser, denoiser.network
    return None


def guided_network_of(model: Model) -> PocketUNet | None:
    """The network with additional weights of a pocket model that guides itself; None for any other."""
    network = model.denoiser.guided.network if isinstance(model.denoiser, SelfGuided) else None
    return network if isinstance(network, PocketUNet) else None


def prompt_embeddings(model: Model, prompts: Sequence[str]) -> dict[str, Tensor]:
    """What pocket's text encoder makes of each prompt: [1, words and START, width] in float32, on the CPU.

    Raises:
        UsageError: if it reads no prompts, or not these.
    """
    found = network_of(model)
    if found is None:
        raise UsageError(f"{model.name} has no text encoder of its own: give `model` pocket, or deepfloyd.")
    denoiser, network = found
    for prompt in prompts:
        model.check_prompt(prompt)
    embeddings = {}
    with torch.inference_mode():
        for prompt in prompts:
            tokens = denoiser.encode([prompt])
            if tokens is not None:
                embeddings[prompt] = network.text(tokens)[0].float().cpu()
    return embeddings


ADDITIONAL = "guided."
"""In a file, before the names of the additional weights."""


def networks_in(tensors: Mapping[str, Tensor], config: PocketConfig) -> tuple[PocketUNet, PocketUNet | None]:
    """The network of a file, and the one with its additional weights, where it has them.

    Raises:
        KeyError, RuntimeError: if these are not its tensors.
    """
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(ADDITIONAL)}
    more = {name.removeprefix(ADDITIONAL): tensor for name, tensor in tensors.items() if name.startswith(ADDITIONAL)}
    network = network_with(config.network, own)
    return network, self_guided(network, more, config.max_guidance) if config.rank else None


def tensors_of(network: PocketUNet, config: PocketConfig) -> dict[str, Tensor]:
    """What a file of a network holds, or of one that learns additional weights."""
    if not config.rank:
        return network.state_dict()
    more = {ADDITIONAL + name: tensor.detach() for name, tensor in additional_weights(network).items()}
    return {**own_weights(network), **more}


def pocket_model(
    name: str,
    tensors: Mapping[str, Tensor],
    header: Mapping[str, Any],
    checksum: str,
    device: torch.device,
    dtype: torch.dtype,
) -> Model:
    """The model that a file's tensors and header describe.

    Raises:
        UsageError: if header and tensors don't make a pocket model.
    """
    try:
        config = PocketConfig.from_json(header)
        network, guided = networks_in(tensors, config)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"{name} does not hold a whole pocket model: train it again or get the file anew.") from error
    answering = [
        pocket_denoiser(_to_sample(own, device, dtype), config.vocabulary, device, dtype)
        for own in (network, guided)
        if own is not None
    ]
    return Model(
        name=name,
        kind="pictures",
        denoiser=_as_one(answering, config),
        channels=3,
        size=config.size,
        conditional=True,
        check_prompt=partial(check_prompt, name, config.vocabulary),
        remarks=partial(_remarks, name, config.vocabulary),
        sampler=config.sampler,
        illusion_sampler=config.illusion_sampler,
        threshold=clip,
        default_prompt="a high quality photo",
        config=dict(header),
        checksum=checksum,
        device=device,
        dtype=dtype,
        max_guidance=config.max_guidance,
        inpaint_resamplings=config.inpaint_resamplings,
    )


def _as_one(answering: Sequence[NetworkDenoiser], config: PocketConfig) -> Denoiser:
    """What answers of a model: a second stage's network, a first one's, or the two of one that guides itself."""
    if config.low_time is not None:
        return CycleSpinning(answering[0], config.network.fold, SPUN_BELOW)
    return answering[0] if len(answering) == 1 else SelfGuided(*answering)


def _to_sample(network: PocketUNet, device: torch.device, dtype: torch.dtype) -> PocketUNet:
    """The network as it is sampled: weights of products are rounded once, as autocast would at each evaluation.

    The text encoder keeps its own: `prompt_embeddings` asks it in float32.
    """
    network.eval().requires_grad_(False).to(device)
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d) and not name.startswith("text."):
            module.to(dtype)
    return network


def with_second_stage(first: Model, second: Model) -> Model:
    """A first stage after which a second one makes its pictures large; any it had before is forgotten.

    Words that only the first knows the second leaves out: what they show is in the small picture.
    """
    stage = SecondStage(
        replace(second, check_prompt=first.check_prompt), bicubic, Cosine(), float(second.config["low_time"])
    )
    return replace(first, second_stage=stage)


def check_prompt(name: str, vocabulary: Vocabulary, prompt: object) -> None:
    """Whether the model of that name and those words can be asked for it.

    Raises:
        UsageError: if it is no text, or none of its words is known.
    """
    prompt = text_of(prompt)
    read = kinds_for_places(prompt, vocabulary)
    if prompt.strip() and not read.words:
        raise UsageError(
            f"{name} reads English words and finds none in the prompt {prompt!r}: name what is to be seen, such as "
            f"{KNOWN}, or give an empty prompt for anything."
        )
    if read.words and not _known(read, vocabulary):
        near = [word for unknown in read.words for word in vocabulary.near(unknown)]
        hint = f"perhaps {', '.join(near[:4])}" if near else f"everyday things such as {KNOWN}"
        raise UsageError(f"{name} knows no word of the prompt {prompt!r}: ask in English for things it knows, {hint}.")


def _known(read: Placed, vocabulary: Vocabulary) -> bool:
    return bool(vocabulary.read(" ".join(read.words)).words)


def _remarks(name: str, vocabulary: Vocabulary, prompt: str) -> tuple[str, ...]:
    """What a user should know about how a prompt was read."""
    read = kinds_for_places(prompt, vocabulary)
    if not _known(read, vocabulary):
        return ()
    remarks = [f"{name} does not know {place!r}: it makes a {kind}" for place, kind in read.places]
    reading = vocabulary.read(" ".join(read.words))
    for word in reading.unknown:
        near = vocabulary.near(word)
        hint = f"; it knows {', '.join(near)}" if near else ""
        remarks.append(f"{name} does not know the word {word!r} and leaves it out{hint}")
    if reading.beyond:
        remarks.append(
            f"{name} reads {len(reading.words)} words of a prompt and leaves out the rest: {' '.join(reading.beyond)}"
        )
    return tuple(remarks)
