"""Compiled code stays in its folder, and the folder knows nothing else of the package."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "data_engine"
KERNELS = sorted((PACKAGE / "kernels").glob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_numba_and_llvmlite_are_imported_by_kernels_only() -> None:
    others = [path for path in PACKAGE.rglob("*.py") if path not in KERNELS]
    using = {path for path in others if {name.split(".")[0] for name in imported(path)} & {"numba", "llvmlite"}}
    assert using == set()
    assert [path for path in KERNELS if any(name.startswith("numba") for name in imported(path))]


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_a_kernel_imports_only_errors_and_kernels(path: Path) -> None:
    own = {name for name in imported(path) if name.startswith("data_engine")}
    assert own == {name for name in own if name.split(".")[1] in ("errors", "kernels")}


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_a_kernel_states_its_gain_and_its_reference(path: Path) -> None:
    description = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    if path.stem not in ("__init__", "loading"):
        assert "Gain" in description and "eference" in description
