"""Put a trained model into the package, in 8 bits: `python tools/ship_model.py RUN/model.safetensors RECIPE NAME`.

The default samplers are the recipe's of today, which may have been tuned since the model was trained.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from duckrabbit.models.storage import quantized, read_weights, write_weights
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES

WEIGHTS = Path(__file__).parent.parent / "src" / "duckrabbit" / "models" / "weights"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("recipe", choices=DIGIT_RECIPES)
    parser.add_argument("name")
    arguments = parser.parse_args()
    tensors, config = read_weights(arguments.source)
    recipe = DIGIT_RECIPES[arguments.recipe]
    config["sampler"] = asdict(recipe.config.sampler)
    config["illusion_sampler"] = asdict(recipe.config.illusion_sampler)
    config["training"]["recipe"] = arguments.recipe
    target = WEIGHTS / f"{arguments.name}.safetensors"
    write_weights(target, quantized(tensors), config)
    print(f"{target.name}: {target.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
