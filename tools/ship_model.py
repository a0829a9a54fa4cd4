"""Put a trained model into the package, in 8 bits: `python tools/ship_model.py RUN/model.safetensors NAME`."""

import argparse
from pathlib import Path

from duckrabbit.models.storage import quantized, read_weights, write_weights

WEIGHTS = Path(__file__).parent.parent / "src" / "duckrabbit" / "models" / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("name")
    arguments = parser.parse_args()
    tensors, config = read_weights(arguments.source)
    target = WEIGHTS / f"{arguments.name}.safetensors"
    write_weights(target, quantized(tensors), config)
    print(f"{target}: {target.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
