"""How fast digits are sampled with the default settings: `python bench/sampling_speed.py [--count 40]`.

Wall-clock seconds after import, the model's loading included, in this process; then the parts.
"""

import argparse
import statistics
import time

import torch

from duckrabbit.making.make import make_all
from duckrabbit.models.load import load_model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import Recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{torch.get_num_threads()} threads")
    for name in ("mnist-ddpm-class", "mnist-flow-class", "mnist-ddpm-class-course"):
        for dtype in (None, torch.float32):
            jobs: dict[str, list[Recipe]] = {
                "digits": [Generate(str(i % 10)) for i in range(arguments.count)],
                "6/9 anagrams": [Anagram(("6", "9"), ("rotate-180",))] * arguments.count,
            }
            for what, recipes in jobs.items():
                seconds = []
                for _ in range(arguments.repeats):
                    started = time.perf_counter()
                    model = load_model(name, "cpu", dtype)
                    make_all(recipes, model, range(arguments.count))
                    seconds.append(time.perf_counter() - started)
                precision = str(model.dtype).removeprefix("torch.")
                print(
                    f"{name:24} {precision:9} {arguments.count} {what:13} "
                    f"median {statistics.median(seconds):6.2f} s, least {min(seconds):6.2f} s"
                )


if __name__ == "__main__":
    main()
