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
BANNED = {"torchvision", "scipy", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"}
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


def _breaks_order(source: str, module: Path) -> list[str]:
    """The imports of folders that come after the module's own; the package itself may import any."""
    own = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own in ("__init__", "__main__"):
        return []
    return [
        dotted
        for dotted in _imported(ast.parse(source), module)
        if dotted.split(".")[0] == "duckrabbit" and ORDER.index([*dotted.split("."), ""][1]) > ORDER.index(own)
    ]


def _unsafe(source: str, module: Path) -> list[str]:
    """Imports that are banned, and calls that unpickle."""
    tree = ast.parse(source)
    imports = [dotted for dotted in _imported(tree, module) if dotted.split(".")[0] in BANNED or dotted == "torch.load"]
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (ast.unparse(node.value), node.attr) in UNPICKLERS
    ]
    return imports + calls


def test_there_are_modules_to_check() -> None:
    assert {"errors.py", "diffusion/terms.py", "illusions/bands.py"} <= set(map(_name, MODULES))


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_every_module_lies_in_a_folder_of_the_order(module: Path) -> None:
    assert module.relative_to(PACKAGE).parts[0].removesuffix(".py") in {*ORDER, "__init__", "__main__"}


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_imports_point_one_way(module: Path) -> None:
    assert _breaks_order(module.read_text("utf-8"), module) == []


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_nothing_is_unpickled_and_torchvision_is_never_needed(module: Path) -> None:
    assert _unsafe(module.read_text("utf-8"), module) == []


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_diffusers_stays_in_its_adapter(module: Path) -> None:
    if not _name(module).startswith("models/deepfloyd"):
        roots = {dotted.split(".")[0] for dotted in _imported(ast.parse(module.read_text("utf-8")), module)}
        assert not roots & {"diffusers", "transformers"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from duckrabbit.illusions.views import parse_view", ["duckrabbit.illusions.views.parse_view"]),
        ("def f():\n    import duckrabbit.cli.main", ["duckrabbit.cli.main"]),
        ("from duckrabbit import media", ["duckrabbit.media"]),
        ("from ..illusions import bands", ["duckrabbit.illusions.bands"]),
        ("from .path import Path\nfrom duckrabbit.errors import UsageError\nimport torch", []),
    ],
)
def test_the_walk_finds_imports_that_point_the_other_way(source: str, found: list[str]) -> None:
    assert _breaks_order(source, PACKAGE / "diffusion" / "terms.py") == found


@pytest.mark.parametrize(
    "source", ["import torchvision.io", "from torchvision import io", "import pickle", "torch.load('x')", "f = np.load"]
)
def test_the_walk_finds_what_is_unsafe(source: str) -> None:
    assert len(_unsafe(source, PACKAGE / "errors.py")) == 1


def test_the_engine_imports_neither_the_command_line_nor_plots_nor_pictures() -> None:
    modules = sorted(f"duckrabbit.diffusion.{path.stem}" for path in (PACKAGE / "diffusion").glob("[!_]*.py"))
    code = (
        f"import sys, {', '.join(modules)}\n"
        "print(*sorted({'tyro', 'rich', 'matplotlib', 'PIL', 'diffusers', 'starlette', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""
