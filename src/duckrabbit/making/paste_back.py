"""A painted picture put back into the whole photo that it is a part of, as a file that remembers both."""

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from duckrabbit.errors import UsageError
from duckrabbit.making.make import Picture
from duckrabbit.making.record import Record
from duckrabbit.media.crop import Window, parse_crop
from duckrabbit.media.paste import Photo, pasted, read_photo
from duckrabbit.media.png import encoded
from duckrabbit.models.model import Model
from duckrabbit.recipes.inpaint import Inpaint

PASTED = "pasted"
"""Of the record: where the painted picture went."""


@dataclass(frozen=True, eq=False)
class PasteBack:
    """Where a picture goes.

    Attributes:
        photo: into which.
        window: the square of it that the picture was made from.
        mask: [W, W], what of the window is painted.
        negative: whether the picture was made of that square's negative.
    """

    photo: Photo = field(repr=False)
    window: Window
    mask: NDArray[np.bool_] = field(repr=False)
    negative: bool = False

    @staticmethod
    def again(path: Path, record: Record, model: Model, mask_file: str | None) -> "PasteBack | None":
        """Where the picture of a record went, in the file that holds both; None where it went nowhere.

        A mask that was left out of the record is drawn again, or read from its file.

        Raises:
            UsageError: if the record is damaged, or the mask is not there.
        """
        told = record.data.get(PASTED)
        if told is None:
            return None
        try:
            left, top, right, bottom = map(int, told["window"])
            png = base64.b64decode(told["mask"]["png"])
            if not png and isinstance(record.recipe, Inpaint):
                crop = parse_crop(record.recipe.picture.crop)
                mask = record.recipe.hole(right - left, model.size, mask_file, crop).numpy() > 0
            else:
                with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
                    mask = np.asarray(image.convert("L")) > 0
            if mask.shape != (right - left, bottom - top):
                raise ValueError("the mask is of another size")
        except (KeyError, TypeError, ValueError, OSError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{path} has a damaged record ({error}): give the original file.") from error
        return PasteBack(read_photo(path), (left, top, right, bottom), mask, bool(told.get("negative")))

    @staticmethod
    def of_inpaint(photo: Photo, recipe: Inpaint, negative: bool = False) -> "PasteBack":
        """Where the picture of a recipe goes in the photo that it was made from, by the mask in the recipe.

        Raises:
            UsageError: if the recipe's crop does not fit the photo, or its mask was left out of the file.
        """
        if not recipe.mask.png:
            raise UsageError(f"The file was written without {recipe.mask.name}: make the picture again first.")
        window = parse_crop(recipe.picture.crop).window(*photo.image.size)
        with Image.open(io.BytesIO(recipe.mask.png), formats=["PNG"]) as image:
            # Enlarged smoothly, or its edge would have steps as large as the model's pixels.
            large = image.convert("L").resize((window[2] - window[0],) * 2, Image.Resampling.BICUBIC)
        return PasteBack(photo, window, np.asarray(large) >= 128, negative)

    def content(self, picture: Picture, *, with_mask: bool = True) -> bytes:
        """A PNG of the whole photo with the picture in it; without its mask for other people."""
        pixels = -picture.pixels if self.negative else picture.pixels
        whole = pasted(self.photo, pixels, self.window, self.mask)
        file = io.BytesIO()
        Image.fromarray(self.mask).save(file, "PNG", optimize=True)
        mask = {"name": "the mask", "png": base64.b64encode(file.getvalue()).decode() if with_mask else ""}
        told: dict[str, Any] = {"window": list(self.window), "negative": self.negative, "mask": mask}
        return encoded(whole.image, {**picture.record, PASTED: told}, whole.profile)
