"""Pictures that go into a recipe: kept in it as 8-bit pixels, so that a PNG can be made again without its source."""

import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from duckrabbit.errors import UsageError
from duckrabbit.media.crop import CENTRE, Crop, parse_crop
from duckrabbit.media.masks import understood_mask
from duckrabbit.media.pictures import WHITE, Say, read_picture, silent, square_picture
from duckrabbit.media.pixels import from_uint8, to_uint8
from duckrabbit.media.shipped import is_of_package
from duckrabbit.models.model import Model

MAX_SIDE = 4096


@dataclass(frozen=True)
class Source:
    """A picture that a recipe starts from.

    Attributes:
        name: what it is called, never where it lies.
        png: the resized, cropped picture as an 8-bit PNG; nothing where it was left out for other people.
        crop: which square of the file it is, as in `parse_crop`; "" is the centre.
        sha256: of the pixels that were left out.
    """

    name: str
    png: bytes = field(repr=False)
    crop: str = ""
    sha256: str = ""

    @staticmethod
    def of(name: str, pixels: Tensor) -> "Source":
        """Keep a picture [C, H, W] in [−1, 1]."""
        return Source(name, _png(to_uint8(pixels)))

    @staticmethod
    def read(name: str, model: Model, say: Say = silent, crop: str = "") -> "Source":
        """Read a file, `-`, or `mnist:test/7` at the model's size and number of channels.

        Where the model knows light strokes on a dark ground alone, a drawing on light paper becomes its negative; that
        is said, and how deep data was understood, what was cropped, and that a file was shrunk.
        """
        pixels = read_picture(name, model.size, model.channels, say, chosen := parse_crop(crop))
        if model.dark_ground and on_light_ground(pixels):
            say(f"{name} is dark on light and {model.name} knows light on dark: its negative is used")
            pixels = -pixels
        return Source(name_of(name), _png(to_uint8(pixels)), "" if chosen == CENTRE else crop)

    @staticmethod
    def shrunk(name: str, model: Model, say: Say = silent, crop: str = "") -> "Source":
        """Read a picture and average it down to the model's size; one that has the size already stays as it is."""
        square = square_picture(name, WHITE, say, chosen := parse_crop(crop))
        resized = square.convert("L" if model.channels == 1 else "RGB").resize((model.size,) * 2, Image.Resampling.BOX)
        return Source(name_of(name), _png(np.asarray(resized)), "" if chosen == CENTRE else crop)

    @staticmethod
    def of_mask(name: str, mask: Tensor) -> "Source":
        """Keep a mask [H, W] of zeros and ones, as black and white."""
        return Source(name, _png(to_uint8(mask[None] * 2 - 1)))

    @staticmethod
    def read_mask(name: str, model: Model, crop: Crop = CENTRE, *, invert: bool = False, say: Say = silent) -> "Source":
        """Read a mask at the model's size; white or a hole is painted, or the reverse. What was read is said."""
        read = understood_mask(name, model.size, black_paints=invert, crop=crop)
        say(f"{name}: {read.painted} is painted, {read.share:.0%} of the picture")
        return Source.of_mask(name_of(name), read.mask)

    @property
    def words(self) -> tuple[str, ...]:
        """--crop C, where it is not the centre."""
        return ("--crop", self.crop) if self.crop else ()

    @property
    def digest(self) -> str:
        """The SHA-256 of its size and its pixels, which a picture that was left out keeps."""
        if not self.png:
            return self.sha256
        levels = self._levels()
        return hashlib.sha256(f"{levels.shape}".encode() + levels.tobytes()).hexdigest()

    def left_out(self) -> "Source":
        """All of it but the picture itself, by whose digest another can be told from it."""
        return replace(self, png=b"", sha256=self.digest)

    def blanked(self, mask: "Source") -> "Source":
        """The picture in middle grey wherever a mask of its size paints."""
        levels, painted = self._levels().copy(), mask._levels()
        if levels.shape[:2] != painted.shape[:2]:
            return self
        levels[painted > 127] = 128
        return replace(self, png=_png(levels))

    def pixels(self, model: Model) -> Tensor:
        """The picture [C, H, W] in [−1, 1], averaged down where it was read for a later, larger stage.

        Raises:
            UsageError: if it is not of the model's size, or a multiple of it, and channels.
        """
        read = from_uint8(self._levels()).to(model.device)
        pixels = avg_pool2d(read, times) if (times := _times(read, model)) > 1 else read
        if tuple(pixels.shape) != model.shape:
            expected = f"{model.size}×{model.size} with {model.channels} channel{'s' if model.channels > 1 else ''}"
            raise UsageError(
                f"The picture {self.name} is {pixels.shape[2]}×{pixels.shape[1]} with {pixels.shape[0]} channels and "
                f"{model.name} makes {expected}: read it with this model."
            )
        return pixels

    def state(self, model: Model) -> Tensor:
        """The picture as the model samples it, [*state_shape]; see `pixels`."""
        return model.encode(self.pixels(model)[None])[0]

    def mask(self, model: Model) -> Tensor:
        """The mask [H, W] of 0 (known) and 1 (painted); where it is shrunk, a pixel is known only if all of it is."""
        read = (from_uint8(self._levels())[:1] > 0).float().to(model.device)
        mask = (max_pool2d(read, times) if (times := _times(read, model)) > 1 else read)[0]
        if tuple(mask.shape) != (model.size, model.size):
            raise UsageError(
                f"The mask {self.name} is {mask.shape[1]}×{mask.shape[0]} and {model.name} makes pictures of "
                f"{model.size}×{model.size}: read it with this model."
            )
        return mask

    @property
    def side(self) -> int:
        """The picture's width in pixels."""
        return int(self._levels().shape[1])

    def check(self) -> None:
        """Raise UsageError where it is neither a picture that duckrabbit wrote nor known to be left out."""
        if self.png or not self.sha256:
            self._levels()

    def _levels(self) -> NDArray[np.uint8]:
        if not self.png:
            raise UsageError(
                f"The picture {self.name} was left out of this file: give it to rerun with `source`, and use what that "
                "writes."
            )
        try:
            with Image.open(io.BytesIO(self.png), formats=["PNG"]) as image:
                if max(image.size) > MAX_SIDE or image.mode not in ("L", "RGB"):
                    raise UsageError(f"The picture {self.name} in the recipe is not one that duckrabbit wrote.")
                return np.asarray(image)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise UsageError(
                f"The picture {self.name} in the recipe is damaged ({error}): give the original file."
            ) from error


def name_of(source: str) -> str:
    """What a picture is called: for a file its name alone, since where it lies is nobody's business."""
    return source if is_of_package(source) else Path(source).name


def on_light_ground(pixels: Tensor) -> bool:
    """Whether a picture [C, H, W] is lighter than middle grey along most of its border."""
    border = torch.cat(
        [pixels[:, 0].flatten(), pixels[:, -1].flatten(), pixels[..., 0].flatten(), pixels[..., -1].flatten()]
    )
    return bool(border.median() > 0)


def _times(pixels: Tensor, model: Model) -> int:
    """How many times the model's side goes into that of [C, H, W]; 1 where it does not go without remainder."""
    side = pixels.shape[-1]
    return side // model.size if pixels.shape[-2] == side and side % model.size == 0 else 1


def _png(levels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", optimize=True)
    return file.getvalue()
