"""duckrabbit rerun"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Flag, option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Options:
    """Make a picture again from what it remembers, and say whether it is the same: duckrabbit rerun IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    source: Annotated[tuple[str, ...], option("IMAGE ...")] = ()
    """the photo, mask or other picture that it was made from, where its file was written without"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """where the model's weights are now (by default where they were)"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed)"""
    json: Flag = False
    """print one line of JSON on standard output"""


def run(options: Options) -> int:
    """Make the picture and compare; 1 where it differs though nothing else does."""
    from duckrabbit.cli.produce import check_folder, print_path
    from duckrabbit.making.paste_back import PasteBack
    from duckrabbit.making.record import recorded, recorded_row
    from duckrabbit.making.rerun import differences, made_again, recorded_model, with_files
    from duckrabbit.media.atomic import atomic_write
    from duckrabbit.media.names import new_file
    from duckrabbit.media.png import JSON, write_png
    from duckrabbit.search.ambigram import joined

    check_folder(options.out)
    row = recorded_row(Path(options.image))
    records = row.places if row else (recorded(Path(options.image)),)
    model = recorded_model(records[0], options.weights, options.embeddings)
    records = records if row else (with_files(records[0], options.source, model),)
    pictures = [made_again(record, model) for record in records]
    pixels = joined([picture.pixels for picture in pictures])
    remembered = pictures[0].record
    if row:
        remembered = {**row.data, "places": [dict(picture.record) for picture in pictures]}
    back = (
        None
        if row
        else PasteBack.again(Path(options.image), records[0], model, options.source[-1] if options.source else None)
    )
    with new_file(Path(options.out), f"rerun-{Path(options.image).stem}", ".png") as path:
        if back is None:
            write_png(path, pixels, remembered)
        else:
            with atomic_write(path) as temporary:
                temporary.write_bytes(back.content(pictures[0]))
    print(f"wrote {path} (seed {remembered.get('seed')})", file=sys.stderr)
    changes = differences(records[0], pictures[0].record)
    differs = _difference(_seen(options.image), _seen(str(path)))
    line: dict[str, JSON] = {"path": str(path), "identical": differs is None, "difference": differs, "changes": changes}
    print_path(path, line if options.json else None)
    if differs is None:
        print("identical", file=sys.stderr)
        return 0
    print(f"not identical: {differs}", file=sys.stderr)
    print(f"what differs: {'; '.join(changes) or 'nothing that is recorded'}", file=sys.stderr)
    return 0 if changes else 1


def _seen(image: str) -> "NDArray[np.uint8]":
    """A file as it is seen on white and on black, [2, H, W, 3], however its pixels are stored."""
    import numpy as np
    from PIL import Image

    from duckrabbit.media.pictures import whole_layers_of

    colours, opacity = whole_layers_of(image)
    opaque = Image.new("L", colours.size, 255) if opacity is None else opacity
    grounds = [Image.new("RGB", colours.size, ground) for ground in ("white", "black")]
    return np.stack([np.asarray(Image.composite(colours.convert("RGB"), ground, opaque)) for ground in grounds])


def _difference(before: "NDArray[np.uint8]", after: "NDArray[np.uint8]") -> str | None:
    """How many pixels of two files as they are seen differ, and by how much; None where they don't."""
    import numpy as np

    if before.shape != after.shape:
        shapes = [f"{seen.shape[2]}×{seen.shape[1]}" for seen in (before, after)]
        return f"the file's picture is {shapes[0]}, and now it is {shapes[1]}"
    gaps = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(axis=(0, 3))
    different = int((gaps > 0).sum())
    if different == 0:
        return None
    return f"{different} of {gaps.size} pixels differ, by {int(gaps.max())} grey levels at the most"
