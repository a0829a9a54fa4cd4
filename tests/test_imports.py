"""Imports point one way, and the engine is light and safe to import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import duckrabbit

PACKAGE = Path(duckrabbit.__file__).parent
ORDER = [
    "version",
    "errors",
    "diffusion",
    "illusions",
    "networks",
    "datasets",
    "media",
    "training",
    "models",
    "judges",
    "recipes",
    "making",
    "trained",
    "search",
    "report",
    "studio",
    "cli",
]
MODULES = sorted(PACKAGE.rglob("*.py"))
ADAPTED = {"diffusers", "transformers"}
BANNED = {"torchvision", "scipy", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"}
HANDED_OUT = "models/deepfloyd/handed_out.py"
"""The one file in which a user's dictionary of embeddings is read, by the loader that refuses code."""

UNPICKLERS = {("torch", "load"), ("torch.hub", "load"), ("np", "load"), ("numpy", "load"), ("pd", "read_pickle")}


def _name(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def _imported(tree: ast.AST, module: Path) -> Iterator[str]:
    """Every module and every name that is imported, dotted, wherever in the file it is."""
    package = ["duckrabbit", *module.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            dotted = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{dotted}.{alias.name}" for alias in node.names)


def _problems(source: str, module: Path) -> Iterator[str]:
    """What a module imports or calls that it must not; the package itself may import any of its folders."""
    tree = ast.parse(source)
    folder = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if folder not in {*ORDER, "__init__", "__main__"}:
        yield f"{folder} is no folder of the order"
    for dotted in _imported(tree, module):
        root, *inner = dotted.split(".")
        if root == "duckrabbit" and folder in ORDER and ORDER.index(inner[0]) > ORDER.index(folder):
            yield f"{dotted} comes after {folder}"
        if root in BANNED or dotted == "torch.load":
            yield f"{dotted} is banned"
        if root in ADAPTED and not _name(module).startswith("models/deepfloyd"):
            yield f"{dotted} is for models/deepfloyd alone"
    safe = _loads_of_tensors_alone(tree) if _name(module) == HANDED_OUT else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (ast.unparse(node.value), node.attr) in UNPICKLERS and node not in safe:
            yield f"{ast.unparse(node)} unpickles"


def _loads_of_tensors_alone(tree: ast.AST) -> set[ast.expr]:
    """What is called with weights_only=True."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {call.func for call in calls if "weights_only=True" in [ast.unparse(own) for own in call.keywords]}


def test_imports_point_one_way_and_nothing_is_unpickled() -> None:
    assert {"errors.py", "diffusion/terms.py", "illusions/bands.py"} <= set(map(_name, MODULES))
    found = {_name(module): list(_problems(module.read_text("utf-8"), module)) for module in MODULES}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("from duckrabbit.illusions.views import parse_view", "comes after diffusion"),
        ("def f():\n    import duckrabbit.cli.main", "comes after diffusion"),
        ("from duckrabbit import media", "comes after diffusion"),
        ("from ..illusions import bands", "comes after diffusion"),
        ("import torchvision.io", "is banned"),
        ("from torchvision import io", "is banned"),
        ("import pickle", "is banned"),
        ("from torch import load", "is banned"),
        ("torch.load('x')", "unpickles"),
        ("f = np.load", "unpickles"),
        ("from diffusers import UNet2DModel", "for models/deepfloyd alone"),
    ],
)
def test_the_walk_finds_what_must_not_be(source: str, says: str) -> None:
    [problem] = _problems(source, PACKAGE / "diffusion" / "terms.py")
    assert says in problem


def test_the_walk_lets_pass_what_may_be() -> None:
    fine = "from .path import Path\nfrom duckrabbit.errors import UsageError\nimport torch"
    assert list(_problems(fine, PACKAGE / "diffusion" / "terms.py")) == []
    assert list(_problems("import diffusers", PACKAGE / "models" / "deepfloyd" / "unet.py")) == []
    assert list(_problems("torch.load(x, weights_only=True)", PACKAGE / HANDED_OUT)) == []
    assert list(_problems("torch.load(x, weights_only=False)", PACKAGE / HANDED_OUT)) == ["torch.load unpickles"]
    assert list(_problems("import torch", PACKAGE / "elsewhere" / "a.py")) == ["elsewhere is no folder of the order"]


def test_the_engine_imports_neither_the_command_line_nor_plots_nor_pictures() -> None:
    modules = sorted(f"duckrabbit.diffusion.{path.stem}" for path in (PACKAGE / "diffusion").glob("[!_]*.py"))
    code = (
        f"import sys, {', '.join(modules)}\n"
        "print(*sorted({'tyro', 'rich', 'matplotlib', 'PIL', 'diffusers', 'starlette', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""


def test_pocket_is_loaded_without_the_adapters_of_diffusers() -> None:
    code = (
        "import sys\nfrom duckrabbit.models.load import load_model\nload_model('pocket', 'cpu')\n"
        "print([name for name in sys.modules if name.startswith(('duckrabbit.models.deepfloyd', 'diffusers'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
