"""Every word that a caption can hold."""

from duckrabbit.datasets.paint.cast import SCENE_PHRASES
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.prompts import Vocabulary, table, vocabulary_of


def training_vocabulary(library: Library) -> Vocabulary:
    """The words of the library's names that can be shown, of their synonyms, of all styles and of the scenes."""
    shown = {*library.subjects, *(library.items[k].name for k in library.photos[0])}
    phrases = [phrase for name in shown for phrase in library.phrases[name]]
    styles = [phrase for style, others in table("styles").items() for phrase in (style, *others)]
    styles += [item.style for item in library.items]
    return vocabulary_of((*phrases, *styles, *SCENE_PHRASES))
