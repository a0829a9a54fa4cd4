"""Pictures of the package to edit, 256×256: photographs, one of them of a painting, and sketches drawn with a mouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType


@dataclass(frozen=True)
class ShippedPicture:
    """A picture of the package.

    Attributes:
        what: what it shows, in a few words.
        folder: below `datasets/files`.
        file: in that folder.
    """

    what: str
    folder: str
    file: str

    def path(self) -> Traversable:
        """Where it is; its bytes are a JPEG or a PNG."""
        return files("duckrabbit.datasets") / "files" / self.folder / self.file


def _photo(name: str, what: str) -> tuple[str, ShippedPicture]:
    return f"photo:{name}", ShippedPicture(what, "photos", f"{name}.jpg")


def _sketch(name: str, what: str) -> tuple[str, ShippedPicture]:
    return f"sketch:{name}", ShippedPicture(what, "sketches", f"{name}.png")


SHIPPED_PICTURES: Mapping[str, ShippedPicture] = MappingProxyType(
    dict(
        (
            _photo("tower", "a clock tower against clouds"),
            _photo("chelsea", "the face of a cat"),
            _photo("mountain", "a mountain lake"),
            _photo("astronaut", "a portrait of an astronaut"),
            _photo("coffee", "a cup of coffee"),
            _photo("rocket", "a rocket on its pad at dusk"),
            _photo("waterfall", "a wide waterfall and a boat"),
            _photo("chapel", "a stone chapel"),
            _photo("village-in-snow", "Monet's painting of a village in the snow"),
            _sketch("house", "a sketch of a house, a tree and the sun"),
            _sketch("rocket", "a sketch of a rocket"),
            _sketch("boat", "a sketch of a sailing boat"),
        )
    )
)
"""Every picture by its name: photo:NAME or sketch:NAME."""
