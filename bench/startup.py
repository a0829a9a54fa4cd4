"""How long the command line takes to say what it can do: medians of ten processes.

python bench/startup.py
"""

import statistics
import subprocess
import sys
import time

RUNS = 10
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import duckrabbit": ["-c", "import duckrabbit"],
    "duckrabbit --help": ["-m", "duckrabbit", "--help"],
    "duckrabbit anagram --help": ["-m", "duckrabbit", "anagram", "--help"],
    "duckrabbit generate, mistyped": ["-m", "duckrabbit", "generate", "7", "--cuont", "3"],
}


def seconds(words: list[str]) -> float:
    """Of one process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], capture_output=True, check=False)
    return time.perf_counter() - started


def main() -> None:
    print(f"{'':32} {'median':>8} {'least':>8} {'most':>8}")
    for name, words in COMMANDS.items():
        seconds(words)
        times = [seconds(words) for _ in range(RUNS)]
        print(f"{name:32} {statistics.median(times):7.3f}s {min(times):7.3f}s {max(times):7.3f}s")


if __name__ == "__main__":
    main()
