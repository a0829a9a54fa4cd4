"""What pocket costs here: seconds after import, loading included, and peak memory, each in a process of its own.

    python bench/pocket_speed.py [--float32]

`--float32` computes as a CPU without AVX512 does: ONEDNN_MAX_CPU_ISA=AVX2, network in float32.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import torch

from duckrabbit.making.make import make
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part

OLD_MAN = Generate("an oil painting of an old man")
ANAGRAM = Anagram(("a lithograph of a rabbit", "a lithograph of a duck"), ("rotate-90",))
HYBRID = Hybrid({"far": Part("a cartoon of a pumpkin"), "near": Part("a cartoon of a castle")})

JOBS: Mapping[str, Callable[[Model], object]] = {
    "8 pictures": lambda model: make(OLD_MAN, model, 8),
    "8 pictures at 256": lambda model: make(OLD_MAN, model, 8, size=256),
    "1 anagram": lambda model: make(ANAGRAM, model),
    "8 anagrams": lambda model: make(ANAGRAM, model, 8),
    "8 hybrids": lambda model: make(HYBRID, model, 8),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--job", choices=tuple(JOBS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    dtype = torch.float32 if options.float32 else None
    if options.job is not None:
        started = time.perf_counter()
        JOBS[options.job](load_model("pocket", "cpu", dtype))
        seconds = time.perf_counter() - started
        gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"| {options.job} | {seconds:.1f} s | {gib:.2f} GiB |")
        return
    old = {"ONEDNN_MAX_CPU_ISA": "AVX2"} if options.float32 else {}
    words = ["--float32"] if options.float32 else []
    print(
        f"{torch.get_num_threads()} threads, {'float32 with AVX2' if options.float32 else 'as this CPU does it best'}"
    )
    for job in JOBS:
        subprocess.run([sys.executable, __file__, *words, "--job", job], env={**os.environ, **old}, check=True)


if __name__ == "__main__":
    main()
