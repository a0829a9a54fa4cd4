"""Write datasets/vocabulary/emoji.tsv: what emojis are called, by their code points, from packs whose items say them.

    python tools/build_emoji_table.py PACK.zip …

An emoji that Unicode calls the same is left out.
"""

import json
import re
import sys
import zipfile
from pathlib import Path

from duckrabbit.datasets.names import everyday
from duckrabbit.datasets.prompts import in_unicode, words_of

TABLE = Path(__file__).parent.parent / "src" / "duckrabbit" / "datasets" / "vocabulary" / "emoji.tsv"


def main() -> None:
    """Read the packs and write the table."""
    names: dict[str, str] = {}
    for pack in sys.argv[1:]:
        for item in json.loads(zipfile.ZipFile(pack).read("items.json")):
            # Some packs number pictures of their own.
            if re.fullmatch(r"[0-9A-Fa-f]{2,6}(-[0-9A-Fa-f]{2,6})*", item.get("cp", "")):
                names[item["cp"].upper()] = " ".join(words_of(everyday(item["name"])))
    rows = []
    for points, name in sorted(names.items()):
        emoji = "".join(chr(int(point, 16)) for point in points.split("-"))
        if (
            in_unicode(emoji[0])
            and name
            and words_of(" ".join(in_unicode(character) for character in emoji)) != name.split()
        ):
            rows.append(f"{points}\t{name}")
    TABLE.write_text("\n".join(["# code points, what the emoji shows", *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
