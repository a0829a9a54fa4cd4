"""duckrabbit rerun"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional

from duckrabbit.cli.options import option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from duckrabbit.cli.remember import Memory


@dataclass(frozen=True)
class Options:
    """Make a picture again from what it remembers, and say whether it is the same: duckrabbit rerun IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """where the model's weights are now (by default where they were)"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed)"""


def run(options: Options) -> int:
    """Make the picture and compare; 1 where it differs though nothing else does."""
    import numpy as np

    from duckrabbit.cli.remember import made_again, remembered, remembered_model, remembered_row
    from duckrabbit.media.decode import decode
    from duckrabbit.media.names import new_file
    from duckrabbit.media.pixels import to_uint8
    from duckrabbit.media.png import write_png
    from duckrabbit.search.ambigram import joined

    row = remembered_row(Path(options.image))
    memories = row.places if row else (remembered(Path(options.image)),)
    model = remembered_model(memories[0], options.weights, options.embeddings)
    pictures = [made_again(memory, model) for memory in memories]
    pixels = joined([picture.pixels for picture in pictures])
    record = pictures[0].record
    if row:
        record = {**row.record, "places": [dict(picture.record) for picture in pictures]}
    with new_file(Path(options.out), f"rerun-{Path(options.image).stem}", ".png") as path:
        write_png(path, pixels, record)
    print(f"wrote {path} (seed {record.get('seed')})", file=sys.stderr)
    print(path)
    changes = _changes(memories[0], pictures[0].record)
    differs = _difference(np.asarray(decode(options.image)), to_uint8(pixels))
    if differs is None:
        print("identical", file=sys.stderr)
        return 0
    print(f"not identical: {differs}", file=sys.stderr)
    print(f"what differs: {'; '.join(changes) or 'nothing that is recorded'}", file=sys.stderr)
    return 0 if changes else 1


def _changes(memory: "Memory", now: Mapping[str, Any]) -> list[str]:
    """What is not as it was: the model's files, the judge that pulled, and every circumstance."""
    model = now["model"]
    changes = [f"the file of {model['name']} has changed"] if model["sha256"] != memory.checksum else []
    second = "second_stage"
    if second in now and now[second]["sha256"] != memory.record.get(second, {}).get("sha256"):
        changes.append(f"the file of {model['name']}'s second stage has changed")
    if memory.judge is not None and now.get("judge", {}).get("sha256") != memory.judge:
        changes.append("the judge that pulled the picture has changed")
    for name, value in now["circumstances"].items():
        if memory.circumstances.get(name) != value:
            changes.append(f"{name} was {memory.circumstances.get(name)} and is {value}")
    return changes


def _difference(before: "NDArray[np.uint8]", after: "NDArray[np.uint8]") -> str | None:
    """How many pixels differ, and by how much; None where they don't."""
    import numpy as np

    if before.shape != after.shape:
        return f"the file's pixels are {list(before.shape)}, and now they are {list(after.shape)}"
    gaps = np.abs(before.astype(np.int16) - after.astype(np.int16))
    different = int((gaps.reshape(*gaps.shape[:2], -1).max(axis=-1) > 0).sum())
    if different == 0:
        return None
    return f"{different} of {gaps.shape[0] * gaps.shape[1]} pixels differ, by {int(gaps.max())} grey levels at the most"
