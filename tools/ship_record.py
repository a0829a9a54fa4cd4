"""Put what only training can show into the package: `python tools/ship_record.py RUN_FOLDER NAME [--small]`.

The record is src/duckrabbit/report/records/NAME: the run's config.toml, its metrics averaged down to a few hundred
lines, the sheet after each shown epoch, and its animation in fewer frames. A small record has a hundred lines and the
last animation alone. More than half a MiB is an error.
"""

import argparse
import io
import json
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

RECORDS = Path(__file__).parent.parent / "src" / "duckrabbit" / "report" / "records"
MAX_BYTES = 2**19
MAX_LINES, FEW_LINES = 400, 100
FRAMES_AT = (0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 1.0)
"""Where in an animation's time its kept frames lie: noise costs most bytes and shows least."""
FRAME_MILLISECONDS = 260
LAST_FRAME_MILLISECONDS = 1500
WEBP_QUALITY = 15


def reduced(lines: list[dict[str, Any]], most: int = MAX_LINES) -> list[dict[str, Any]]:
    """At most so many lines: each the mean loss and speed of its bin, at the bin's last step."""
    count = min(most, len(lines))
    edges = [round(k * len(lines) / count) for k in range(count + 1)]
    bins = [lines[a:b] for a, b in pairwise(edges)]
    return [
        {
            "step": own[-1]["step"],
            "epoch": own[-1]["epoch"],
            "loss": round(sum(line["loss"] for line in own) / len(own), 6),
            "pictures_per_second": round(sum(line["pictures_per_second"] for line in own) / len(own)),
        }
        for own in bins
    ]


def smaller(animation: Path) -> bytes:
    """A WebP animation with the frames at FRAMES_AT, the last one held."""
    with Image.open(animation) as image:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]
    kept = [frames[round(at * (len(frames) - 1))] for at in FRAMES_AT]
    durations = [FRAME_MILLISECONDS] * (len(kept) - 1) + [LAST_FRAME_MILLISECONDS]
    file = io.BytesIO()
    kept[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=kept[1:],
        duration=durations,
        loop=0,
        quality=WEBP_QUALITY,
        method=6,
    )
    return file.getvalue()


def write_record(run: Path, target: Path, small: bool = False) -> int:
    """Write the record of a run into a folder, with all that there is to show or the least; its bytes."""
    shutil.copy(run / "config.toml", target / "config.toml")
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    (target / "metrics.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in reduced(lines, FEW_LINES if small else MAX_LINES)), "utf-8"
    )
    for sheet in sorted((run / "samples").glob("epoch-*.png")):
        shutil.copy(sheet, target / sheet.name)
    animations = sorted((run / "samples").glob("epoch-*.webp"))
    for animation in animations[-1:] if small else animations:
        (target / animation.name).write_bytes(smaller(animation))
    return sum(file.stat().st_size for file in target.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    RECORDS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RECORDS) as folder:
        fresh = Path(folder) / arguments.name
        fresh.mkdir()
        size = write_record(arguments.run, fresh, arguments.small)
        if size > MAX_BYTES:
            raise SystemExit(
                f"{arguments.name} takes {size / 2**20:.2f} MiB, more than {MAX_BYTES / 2**20:g}: keep less."
            )
        shutil.rmtree(RECORDS / arguments.name, ignore_errors=True)
        fresh.rename(RECORDS / arguments.name)
    print(f"{RECORDS / arguments.name}: {size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
