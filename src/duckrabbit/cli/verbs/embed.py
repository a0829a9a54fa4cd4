"""duckrabbit embed"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Flag, option


@dataclass(frozen=True)
class Options:
    """Encode prompts for DeepFloyd IF or an open model once, so that later commands find them and never load the text
    encoder: duckrabbit embed "a photo of a dog" "a lithograph of a skull" --weights DIR, or --model OWNER/NAME. With
    --model pocket, which reads prompts by itself, to look at what its text encoder makes of them"""

    prompts: Positional[Annotated[tuple[str, ...], option("PROMPT ...")]] = ()
    """what to encode; the empty prompt, which guidance needs, comes along"""
    model: Annotated[str, option("MODEL")] = "deepfloyd"
    """whose text encoder: deepfloyd, an open model's folder or hub id, pocket, or a run or file of pocket's kind"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """a folder whose stage1 holds text_encoder and tokenizer, or a hub id"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """the folder to keep them in (by default in the user's cache); to list, a .safetensors file, too"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda or cuda:1"""
    list: Flag = False
    """print the prompts that are there"""


def run(options: Options) -> int:
    """Encode what is missing; print each prompt's file, or the list."""
    import sys

    from duckrabbit.cli.display import print_as_named
    from duckrabbit.errors import UsageError
    from duckrabbit.models.load import is_free_in_size

    if options.list and options.prompts:
        raise UsageError("Both prompts and --list were given: give --list alone to see what is there.")
    if not options.list and not options.prompts:
        raise UsageError(
            'embed was given no prompt: give one or several in quotation marks, such as "a photo of a dog".'
        )
    keep = _in_wordings if is_free_in_size(options.model) else _in_dictionary
    prompts = () if options.list else tuple(dict.fromkeys([*options.prompts, ""]))
    there, files = keep(options, prompts)
    if options.list:
        for prompt in there:
            print(prompt or '""')
    for prompt, file in zip(prompts, files, strict=True):
        print(f"embedded {prompt!r}{' (was there)' if prompt in there else ''}", file=sys.stderr)
        print_as_named(file)
    return 0


def _in_dictionary(options: Options, prompts: tuple[str, ...]) -> tuple[list[str], list[Path]]:
    """What a dictionary of embeddings held before, and the files of prompts, encoded where they were missing."""
    from duckrabbit.errors import UsageError
    from duckrabbit.media.atomic import check_writable
    from duckrabbit.models.deepfloyd.embeddings import Dictionary

    dictionary = Dictionary.at(options.embeddings)
    if not prompts:
        return dictionary.prompts(), []
    if dictionary.file is not None:
        raise UsageError(f"{dictionary.file} is a file, which is only read: give --embeddings a folder to write to.")
    missing = [prompt for prompt in prompts if dictionary.get(prompt) is None]
    if missing and options.model == "deepfloyd":
        from duckrabbit.models.deepfloyd.stages import embed
        from duckrabbit.models.device import choose_device

        check_writable(dictionary.folder)
        embed(missing, options.weights, dictionary, choose_device(options.device))
    elif missing:
        from duckrabbit.models.load import load_model
        from duckrabbit.models.pocket import prompt_embeddings

        if options.embeddings is None:
            raise UsageError(
                f"{options.model} reads prompts by itself and needs no embeddings: give --embeddings a folder of their "
                "own to look at them."
            )
        for prompt, embedding in prompt_embeddings(load_model(options.model, options.device), missing).items():
            dictionary.put(prompt, embedding)
    there = [prompt for prompt in prompts if prompt not in missing]
    return there, [dictionary.path(prompt) for prompt in prompts]


def _in_wordings(options: Options, prompts: tuple[str, ...]) -> tuple[list[str], list[Path]]:
    """The same of an open model, which keeps what its own encoders make of a prompt."""
    from duckrabbit.errors import UsageError
    from duckrabbit.models.load import load_model
    from duckrabbit.models.open.load import wordings_of

    if options.weights is not None:
        raise UsageError(f"--weights are of --model deepfloyd, and {options.model} has its own: leave them out.")
    wordings = wordings_of(load_model(options.model, options.device, embeddings=options.embeddings))
    if wordings is None:
        raise UsageError(f"{options.model} keeps no prompts: give --model an open model, deepfloyd or pocket.")
    there = wordings.prompts()
    wordings(prompts)
    return there, [wordings.file(prompt) for prompt in prompts]
