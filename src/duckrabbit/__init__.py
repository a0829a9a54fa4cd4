"""duckrabbit: a diffusion model's denoiser as an instrument for sampling, editing and optical illusions.

    import duckrabbit as dr

    model = dr.load_model("mnist-ddpm-class")
    recipe = dr.Anagram(prompts=("6", "9"), views=("rotate-180",))
    for picture in dr.make(recipe, model, count=4, seed=0):
        picture.save(f"six-nine-{picture.seed}.png")

Names load when they are first used, so importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from duckrabbit.errors import UsageError
from duckrabbit.version import VERSION

if TYPE_CHECKING:
    from duckrabbit.diffusion.sampling import trajectory
    from duckrabbit.diffusion.terms import Composition, Term
    from duckrabbit.making.make import make
    from duckrabbit.models.load import load_model
    from duckrabbit.models.model import SamplerConfig
    from duckrabbit.recipes.anagram import Anagram
    from duckrabbit.recipes.denoise import Denoise
    from duckrabbit.recipes.edit import Edit
    from duckrabbit.recipes.generate import Generate
    from duckrabbit.recipes.hybrid import Hybrid
    from duckrabbit.recipes.inpaint import Inpaint
    from duckrabbit.recipes.noise import Forward
    from duckrabbit.recipes.source import Source

__version__ = VERSION

__all__ = [
    "Anagram",
    "Composition",
    "Denoise",
    "Edit",
    "Forward",
    "Generate",
    "Hybrid",
    "Inpaint",
    "SamplerConfig",
    "Source",
    "Term",
    "UsageError",
    "load_model",
    "make",
    "trajectory",
]

_HOMES = {
    "Anagram": "recipes.anagram",
    "Composition": "diffusion.terms",
    "Denoise": "recipes.denoise",
    "Edit": "recipes.edit",
    "Forward": "recipes.noise",
    "Generate": "recipes.generate",
    "Hybrid": "recipes.hybrid",
    "Inpaint": "recipes.inpaint",
    "SamplerConfig": "models.model",
    "Source": "recipes.source",
    "Term": "diffusion.terms",
    "load_model": "models.load",
    "make": "making.make",
    "trajectory": "diffusion.sampling",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'duckrabbit' has no attribute {name!r}")
    return getattr(import_module(f"duckrabbit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
