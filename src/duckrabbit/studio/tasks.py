"""What the page must know of each recipe, and of each task that one can choose there: its words, fields, drawing.

The page builds its fields of these and knows no recipe by name: a new recipe that `tasks.toml` tells of is on the page.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import msgspec
from msgspec import Struct

from duckrabbit.recipes.catalogue import RECIPES


class About(Struct, frozen=True, kw_only=True):
    """What the page must know of the pictures of a recipe.

    Attributes:
        name: of such a picture, where it waits in the queue.
        sampler: of a model's ways of sampling the one that is the recipe's.
        varies_by: what more like it is made with: another `seed`, or the picture `itself`, noised and made anew.
        enlarges: by which a larger one is made: the recipe `anew`, or the `picture` by its model's second stage.
        alone: whether one is made at a time, itself the best of many.
    """

    name: str
    sampler: str = "sampler"
    varies_by: str = "seed"
    enlarges: str = "picture"
    alone: bool = False


class _Field(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Something to fill in; what is filled in becomes the field `name` of the recipe."""

    name: str


class Prompt(_Field, frozen=True, kw_only=True, tag="prompt"):
    """One prompt; `missing` ends the sentence "Say …" where it may not be left out."""

    name: str = "prompt"
    label: str
    example: str
    missing: str | None = None


class Prompts(_Field, frozen=True, kw_only=True, tag="prompts"):
    """Several prompts, each as it may not be left out; the last of each list is that of any more, up to `most`."""

    name: str = "prompts"
    labels: Sequence[str]
    examples: Sequence[str]
    missing: Sequence[str]
    most: int = 2


class Views(_Field, frozen=True, kw_only=True, tag="views"):
    """A view for each prompt but the first; `further` are the labels of the third and fourth."""

    name: str = "views"
    label: str
    usual: str
    further: Sequence[str] = ()


class Surprise(_Field, frozen=True, kw_only=True, tag="surprise"):
    """A button that fills in a pair that works, of recipes of a verb, and makes it."""

    name: str = ""
    label: str
    verb: str


class Styles(_Field, frozen=True, kw_only=True, tag="styles"):
    """Styles with a picture each; the one that is pressed is that of all prompts of the task."""

    name: str = ""
    label: str


class Part(Struct, frozen=True):
    """A prompt that is one part of a picture."""

    name: str
    label: str
    example: str


class Kind(Struct, frozen=True):
    """A label, and the parts that make such a picture, the finest first."""

    label: str
    parts: Sequence[Part]


class Parts(_Field, frozen=True, kw_only=True, tag="parts"):
    """A prompt for each part of the kind that is chosen; a kind is named by its parts, the coarsest first."""

    name: str = "parts"
    label: str
    missing: str
    kinds: Mapping[str, Kind]


class Number(_Field, frozen=True, kw_only=True, tag="number"):
    """A number among the settings; `{finest}` in its label is the label of the finest part."""

    label: str
    low: int | float
    high: int | float
    step: int | float
    usual: int | float


class Slider(Number, frozen=True, kw_only=True, tag="slider"):
    """A number on a slider with words at its ends.

    Attributes:
        parts: the kinds of parts for which it is shown; none for always.
        index: another field that says the same by its place on a grid: its name, the value of the first place, and the
            way to the next.
    """

    ends: tuple[str, str]
    parts: Sequence[str] = ()
    index: tuple[str, int | float, int | float] | None = None


class Picture(_Field, frozen=True, kw_only=True, tag="picture"):
    """A picture to start from: drawn, dropped, or of the package's, whose names begin with one of `samples`."""

    name: str = "picture"
    label: str
    unnamed: str
    missing: str
    samples: Sequence[str]


class Mask(_Field, frozen=True, kw_only=True, tag="mask"):
    """A part of the picture, painted over."""

    name: str = "mask"
    missing: str


class Digits(_Field, frozen=True, kw_only=True, tag="digits"):
    """A digit, or two, of which the second is read through a view: then it is a recipe of the verb `pair`."""

    name: str = "prompt"
    labels: tuple[str, str]
    pair: str
    view: Views


class Row(_Field, frozen=True, kw_only=True, tag="row"):
    """A row of digits, and what it reads as through one of the views that leave it a row; at most so many digits."""

    name: str = "digits"
    labels: tuple[str, str]
    example: str
    missing: str
    most: int
    view: Views
    views: Sequence[str]


Field = Prompt | Prompts | Styles | Surprise | Views | Parts | Slider | Picture | Mask | Digits | Row


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


class Made(Struct, frozen=True):
    """A recipe that takes a picture: its verb, and its fields but for the picture and the prompts."""

    verb: str
    recipe: dict[str, int | float] = {}


class Find(Struct, frozen=True, kw_only=True):
    """What may be looked for.

    Attributes:
        styles: of the prompts; each in turn where none is asked for.
        views: likewise.
        hybrids: label → parts, the first subject's and the second's.
    """

    styles: Sequence[str]
    views: Sequence[str]
    hybrids: Mapping[str, tuple[str, str]]


class Page(Struct, frozen=True, kw_only=True):
    """All that the page must know to let recipes be made.

    Attributes:
        first_task: the one that is chosen when the page opens.
        variation: how a picture is varied by itself.
        enlargement: how a picture is enlarged by a second stage.
        find: what pairs may be looked for.
        view_names: what each view is called, by its word.
        recipes: what is to be said of each, by its verb.
        tasks: all of them, in their order.
    """

    first_task: str
    variation: Made
    enlargement: Made
    find: Find
    view_names: dict[str, str]
    recipes: dict[str, About]
    tasks: Sequence[Task]


def words_of(verb: str, views: Sequence[str], parts: Sequence[str]) -> tuple[str, ...]:
    """The words on the page for a picture of a recipe, by which it may be searched."""
    keywords = [part.partition(":")[0] for view in views for part in view.split("+")]
    labels = (
        (kind.label, *(part.label for part in kind.parts))
        for task in PAGE.tasks
        for field in task.fields
        if isinstance(field, Parts)
        for kind in field.kinds.values()
        if {part.name for part in kind.parts} == set(parts)
    )
    names = [PAGE.recipes[verb].name] if verb in PAGE.recipes else []
    return (
        *names,
        *(PAGE.view_names.get(word, word) for word in keywords),
        *(label for own in labels for label in own),
    )


def _read() -> Page:
    text = (files("duckrabbit.studio") / "tasks.toml").read_text("utf-8")
    page = msgspec.toml.decode(text, type=Page)
    unsaid = {verb: About(name=verb.title()) for verb in RECIPES}
    return msgspec.structs.replace(page, recipes={**unsaid, **page.recipes})


PAGE = _read()
"""As `tasks.toml` says it."""
