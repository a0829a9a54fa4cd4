"""What the page must know of each recipe, and of each task that one can choose there: its words, fields, drawing.

The page builds its fields of these and knows no recipe by name: a new recipe that has a row here is on the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from duckrabbit.recipes.catalogue import RECIPES
from duckrabbit.recipes.hybrid import MAX_NEAR_SCALE


class About(Struct, frozen=True, kw_only=True):
    """What the page must know of the pictures of a recipe.

    Attributes:
        name: of such a picture, where it waits in the queue.
        sampler: of a model's two ways of sampling the one that is the recipe's.
        course: whether it has the courses' steps while neither steps nor a solver are given.
        varies_by: what more like it is made with: another `seed`, or the picture `itself`, noised and made anew.
        enlarges: by which a larger one is made: the recipe `anew`, or the `picture` by its model's second stage.
    """

    name: str
    sampler: str = "sampler"
    course: bool = False
    varies_by: str = "seed"
    enlarges: str = "picture"


class Field(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Something to fill in; what is filled in becomes the field `name` of the recipe."""

    name: str


class Prompt(Field, frozen=True, kw_only=True, tag="prompt"):
    """One prompt; `missing` ends the sentence "Say …" where it may not be left out."""

    name: str = "prompt"
    label: str
    example: str
    missing: str | None = None


class Prompts(Field, frozen=True, kw_only=True, tag="prompts"):
    """Several prompts, each as it may not be left out; the last of each list is that of any more."""

    name: str = "prompts"
    labels: Sequence[str]
    examples: Sequence[str]
    missing: Sequence[str]


class Views(Field, frozen=True, kw_only=True, tag="views"):
    """A view for each prompt but the first."""

    name: str = "views"
    label: str
    usual: str


class Surprise(Field, frozen=True, kw_only=True, tag="surprise"):
    """A button that fills in one of these: prompts and a view."""

    name: str = ""
    label: str
    choices: Sequence[tuple[Sequence[str], str]]


class Part(Struct, frozen=True):
    """A prompt that is one part of a picture."""

    name: str
    label: str
    example: str


class Parts(Field, frozen=True, kw_only=True, tag="parts"):
    """A prompt for each part of a kind: from its parts' names to its label and its parts, the finest first."""

    name: str = "parts"
    label: str
    missing: str
    kinds: Mapping[str, tuple[str, Sequence[Part]]]


class Number(Field, frozen=True, kw_only=True, tag="number"):
    """A number among the settings; `{finest}` in its label is the label of the finest part."""

    label: str
    low: float
    high: float
    step: float
    usual: float


class Slider(Number, frozen=True, kw_only=True, tag="slider"):
    """A number on a slider with words at its ends.

    Attributes:
        parts: the kinds of parts for which it is shown; none for always.
        index: another field that says the same by its place on a grid: its name, the value of the first place, and the
            way to the next.
    """

    ends: tuple[str, str]
    parts: Sequence[str] = ()
    index: tuple[str, float, float] | None = None


class Picture(Field, frozen=True, kw_only=True, tag="picture"):
    """A picture to start from: drawn, dropped, or of the package's, whose names begin with one of `samples`."""

    name: str = "picture"
    label: str
    unnamed: str
    missing: str
    samples: Sequence[str]


class Mask(Field, frozen=True, kw_only=True, tag="mask"):
    """A part of the picture, painted over."""

    name: str = "mask"
    missing: str


class Digits(Field, frozen=True, kw_only=True, tag="digits"):
    """A digit, or two, of which the second is read through a view: then it is a recipe of the verb `pair`."""

    name: str = "prompt"
    labels: tuple[str, str]
    pair: str
    view: Views


class Task(Struct, frozen=True, kw_only=True):
    """Something to make, as one chooses it on the page.

    Attributes:
        name: names it.
        label: below its drawing.
        title: above its fields.
        what: what it is, in a sentence or two.
        lesson: how it works, likewise.
        icon: its drawing, 24 by 24: the paths of an SVG.
        verbs: of the recipes that it makes, the usual one first.
        models: the kind of models that it takes.
        fields: what is to be filled in.
        settings: what may be.
    """

    name: str
    label: str
    title: str
    what: str
    lesson: str
    icon: Sequence[str]
    verbs: Sequence[str]
    models: str = "words"
    fields: Sequence[Field]
    settings: Sequence[Number] = ()


ABOUT: Mapping[str, About] = {
    "generate": About(name="Picture", varies_by="itself"),
    "anagram": About(name="Anagram", sampler="illusion_sampler", enlarges="anew"),
    "hybrid": About(name="Hybrid", sampler="illusion_sampler", enlarges="anew"),
    "edit": About(name="Edit", course=True, varies_by="itself"),
    "inpaint": About(name="Inpainting", course=True),
    "upscale": About(name="Upscaling"),
    "noise": About(name="Noise", varies_by="itself"),
    "denoise": About(name="Denoising", varies_by="itself"),
}
"""What is to be said of a recipe besides its verb."""

VARIATION: Mapping[str, Any] = {"verb": "edit", "recipe": {"start_level": 690}}
"""How a picture is varied by itself: a recipe that takes it, but for the picture and its prompts."""

ENLARGEMENT: Mapping[str, Any] = {"verb": "upscale", "recipe": {}}
"""How a picture is enlarged by a second stage, likewise."""

_SURPRISES = [
    ("an elephant", "a rabbit", "rotate-180"),
    ("a duck", "a rabbit", "rotate-90"),
    ("a penguin", "a giraffe", "rotate-180"),
    ("a snowy mountain", "a horse", "flip"),
    ("an old man", "a dog", "flip"),
    ("a campfire", "a cat", "rotate-180"),
]


def _part(name: str, label: str, example: str) -> Part:
    return Part(name, label, f"a lithograph of {example}")


TASKS: Sequence[Task] = (
    Task(
        name="generate",
        label="Picture",
        title="A picture",
        what="Say what you want to see. It comes out of noise, a little sharper with every step.",
        lesson="A picture begins as noise. A denoiser, asked again and again what is behind it, finds one.",
        icon=["M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15.5 9.2v.01"],
        verbs=["generate"],
        fields=[Prompt(label="What to see", example="an oil painting of an old man", missing="what you want to see")],
    ),
    Task(
        name="anagram",
        label="Anagram",
        title="An anagram",
        what="One picture, two readings: turn it and it shows something else.",
        lesson="A denoiser that is asked two questions about one picture finds one that answers both.",
        icon=["M4 12a8 8 0 0 1 14-5.3L20 9", "M20 4v5h-5", "M20 12a8 8 0 0 1-14 5.3L4 15", "M4 20v-5h5"],
        verbs=["anagram"],
        fields=[
            Prompts(
                labels=["One reading", "The other reading", "And another"],
                examples=["a watercolor of an elephant", "a watercolor of a rabbit"],
                missing=["what it shows upright", "what it shows when it is turned"],
            ),
            Views(label="through this view", usual="rotate-180"),
            Surprise(label="Surprise me", choices=[([f"a watercolor of {one}", f"a watercolor of {other}"], view)
                                                   for one, other, view in _SURPRISES]),
        ],
    ),
    Task(
        name="hybrid",
        label="Hybrid",
        title="A hybrid",
        what="One picture from close by, another from across the room.",
        lesson="Eyes read coarse shapes from afar and fine ones from nearby. A hybrid gives each its own picture.",
        icon=["M12 5c-5 0-8.5 5-9 7 .5 2 4 7 9 7s8.500-5 9-7c-.5-2-4-7-9-7z", "M12 9a3 3 0 1 0 .01 0z"],
        verbs=["hybrid"],
        fields=[
            Parts(
                label="Two pictures in one",
                missing="what is to be seen",
                kinds={
                    "far,near": (
                        "Near and far",
                        [_part("near", "Near", "a castle"), _part("far", "Far away", "a pumpkin")],
                    ),
                    "far,mid,near": (
                        "Near, middle, far",
                        [_part("near", "Near", "flowers"), _part("mid", "In between", "a cat"),
                         _part("far", "Far away", "an owl")],
                    ),
                    "grey,colour": (
                        "In the dark",
                        [_part("colour", "In colour", "a rabbit"),
                         _part("grey", "In the dark, in greys", "a volcano")],
                    ),
                    "blurred,sharp": (
                        "In motion",
                        [_part("sharp", "Still", "a duck"), _part("blurred", "In motion", "a teapot")],
                    ),
                    "small,large": (
                        "Small and large",
                        [_part("large", "Large", "houses"), _part("small", "Small", "a panda")],
                    ),
                },
            ),
            Slider(name="sigma", label="Where far begins", low=0.5, high=5, step=0.1, usual=2,
                   ends=("finer", "coarser"), parts=["far,near", "far,mid,near"]),
        ],
        settings=[
            Number(name="near_scale", label="Guidance of what is seen {finest}, times", low=0.1, high=MAX_NEAR_SCALE,
                   step=0.1, usual=1),
        ],
    ),
    Task(
        name="edit",
        label="Edit",
        title="From a drawing",
        what="Draw something, or drop a photo, and have it made anew.",
        lesson="Noise hides details first and the big shapes last. Add some to a drawing, take it away again: "
               "the shapes stay, the details are new.",
        icon=["M4 20l1-4L16 5l3 3L8 19z", "M14 7l3 3"],
        verbs=["edit"],
        fields=[
            Picture(label="Draw on the canvas, drop a picture, or take one of these", unnamed="a drawing",
                    missing="Draw something first, or choose a picture.", samples=["sketch:", "photo:"]),
            Prompt(label="What it is to become", example="a photo of a house"),
            Slider(name="start_level", label="How much may change", low=300, high=980, step=1, usual=700,
                   ends=("keep it", "make it anew"), index=("start", 990, -30)),
        ],
    ),
    Task(
        name="inpaint",
        label="Inpaint",
        title="Paint a part anew",
        what="Cover a part of a photo. What you leave stays as it is, to the pixel.",
        lesson="Only the covered part is free. All around it is held to your picture at every step.",
        icon=["M4 5h16v14H4z", "M9 9.500h6v5H9z", "M4 8h1M4 12h1M4 16h1"],
        verbs=["inpaint"],
        fields=[
            Picture(label="Drop a picture, or take one of these", unnamed="a picture",
                    missing="Choose a picture first: drop, paste or open one.", samples=["photo:"]),
            Mask(missing="Paint over the part that is to be made anew."),
            Prompt(label="What to paint there", example="a photo of a cat"),
            Slider(name="resamplings", label="Blend with the rest", low=1, high=5, step=1, usual=1,
                   ends=("quick", "smooth")),
        ],
    ),
    Task(
        name="digits",
        label="Digits",
        title="Digits",
        what="Handwritten digits from small models: the same ideas in a blink.",
        lesson="The same ideas on 28 by 28 pixels, with a network small enough to train here in minutes.",
        icon=["M6.500 8.500L9 6v12M6.500 18h5", "M15 6h3.500l-3 4.500c4 0 4 7.500-1 7.500"],
        verbs=["generate", "anagram"],
        models="digits",
        fields=[
            Digits(labels=("This digit", "that is also this one (or none)"), pair="anagram",
                   view=Views(label="through this view", usual="rotate-180")),
        ],
    ),
)  # fmt: skip
"""All of them, in their order on the page."""

FIRST = "anagram"
"""The task that is chosen when the page opens."""


def description() -> dict[str, Any]:
    """All of it, for the page."""
    return {
        "recipes": {verb: ABOUT.get(verb, About(name=verb.title())) for verb in RECIPES},
        "tasks": TASKS,
        "first_task": FIRST,
        "variation": VARIATION,
        "enlargement": ENLARGEMENT,
    }
