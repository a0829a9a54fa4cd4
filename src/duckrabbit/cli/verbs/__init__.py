"""Every verb, a file each, with its one line: all that `duckrabbit --help` needs to know."""

from dataclasses import dataclass

from duckrabbit.errors import UsageError, spelled


@dataclass(frozen=True)
class Verb:
    """A verb, what it does in one line, and its heading; its module is `duckrabbit.cli.verbs.NAME`."""

    name: str
    summary: str
    heading: str


MAKE, TRAIN, LOOK = "make pictures", "train and report", "look and repeat"

VERBS: tuple[Verb, ...] = (
    Verb("generate", "a picture of a prompt, from noise", MAKE),
    Verb("anagram", "a picture that shows something else through each view", MAKE),
    Verb("hybrid", "a picture whose parts show different things: far and near, grey and colour …", MAKE),
    Verb("discover", "the pairs of subjects that work under a view, found by themselves", MAKE),
    Verb("ambigram", "a string of digits that reads as another when it is turned", MAKE),
    Verb("noise", "a picture with noise on it", MAKE),
    Verb("denoise", "noise a picture, and take the noise off again", MAKE),
    Verb("edit", "a picture made anew from a noised one", MAKE),
    Verb("inpaint", "a picture with a region painted anew", MAKE),
    Verb("upscale", "a small picture made large by a model's second stage", MAKE),
    Verb("embed", "prompts made ready for DeepFloyd IF, once and for all", MAKE),
    Verb("train", "train a model into a run folder", TRAIN),
    Verb("report", "make every figure, with what made it", TRAIN),
    Verb("info", "how a picture was made", LOOK),
    Verb("rerun", "make a picture again, and say whether it is the same", LOOK),
    Verb("score", "how well a picture is read, look by look, against chance", LOOK),
    Verb("animate", "a picture's views, distances or making, as an animation", LOOK),
    Verb("export", "a picture to give away: a card, a film, a page, a poster, a jigsaw to cut", LOOK),
    Verb("studio", "all of it in the browser, on this machine", LOOK),
    Verb("models", "the models there are", LOOK),
    Verb("doctor", "what this machine has, and how fast it is", LOOK),
)


def verb_named(name: str) -> Verb:
    """The verb of a name.

    Raises:
        UsageError: if there is none, naming the nearest.
    """
    for verb in VERBS:
        if verb.name == name:
            return verb
    from difflib import get_close_matches

    near = get_close_matches(name, [verb.name for verb in VERBS], n=1)
    hint = f"did you mean {near[0]}?" if near else f"the verbs are {', '.join(verb.name for verb in VERBS)}."
    raise UsageError(f"There is no verb {name!r}: {hint}")


def with_options(sentence: str) -> str:
    """A sentence of the library with options in place of its arguments: `guidance_scale` is --guidance-scale."""
    return spelled(sentence, lambda name: "--" + name.replace("_", "-"))


def overview() -> str:
    """The text of `duckrabbit --help`."""
    lines = ["usage: duckrabbit VERB ... | VERB --help | --help | --version", ""]
    for heading in (MAKE, TRAIN, LOOK):
        lines += [f"{heading}:", *(f"  {v.name:9} {v.summary}" for v in VERBS if v.heading == heading), ""]
    lines += [
        "examples:",
        "  duckrabbit generate 7 --count 4",
        "  duckrabbit anagram 6 9 --view rotate-180 --count 8",
        "  duckrabbit hybrid --far 3 --near 8",
        "  duckrabbit edit mnist:test/7 3 --start 1 5 10 20",
        "  duckrabbit rerun out/generate-7-0.png",
    ]
    return "\n".join(lines)
