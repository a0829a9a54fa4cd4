"""The teaching notebook runs from top to bottom as it stands, and shows pictures."""

import base64
import io
import itertools
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "first_illusion.ipynb"
IMAGES = 15
SECONDS = 120


def stored() -> nbformat.NotebookNode:
    """The notebook as it is in the repository."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert isinstance(notebook, nbformat.NotebookNode)
    return notebook


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """Run in a folder where nothing is; an error in a cell fails here."""
    folder = tmp_path_factory.mktemp("notebook")
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(stored(), timeout=SECONDS, kernel_name="python3", resources=resources)
    executed = client.execute()
    assert list(folder.iterdir()) == []
    return executed


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = stored()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) >= 8
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_the_notebook_explains_itself() -> None:
    """Every code cell follows words about it."""
    kinds = [cell.cell_type for cell in stored().cells]
    assert kinds[0] == kinds[-1] == "markdown"
    assert ("code", "code") not in itertools.pairwise(kinds)


def test_every_cell_runs_and_none_complains(executed: nbformat.NotebookNode) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_the_notebook_shows_pictures(executed: nbformat.NotebookNode) -> None:
    images = [
        Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(images) >= IMAGES
    for image in images:
        # Large enough to be looked at, and not of one colour.
        assert min(image.size) >= 96
        assert np.asarray(image.convert("L")).std() > 20
