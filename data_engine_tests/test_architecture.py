"""The house rules that imports can show: which part may know which, and who alone knows a tool."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "data_engine"
DOMAIN = (
    "cluster_summary",
    "clustering",
    "drift",
    "duplicates",
    "embedding",
    "filtering",
    "images",
    "indexing",
    "kernels",
    "labeling",
    "releasing",
    "reporting",
    "sampling",
)
LEAVES = ("schemas", "errors", "settings", "corpus")

#: What a part of the package may import of the package, besides itself and the leaves.
MAY_IMPORT = {
    **dict.fromkeys(DOMAIN, (*DOMAIN, "storage")),
    "storage": (),
    "warehouse": ("storage",),
    "quality": ("labeling",),
    "review": ("labeling", "storage"),
    "runtime": (*DOMAIN, "storage", "warehouse", "quality", "review", "orchestration"),
    "terminal": (*DOMAIN, "storage", "review", "runtime"),
    "orchestration": (*DOMAIN, "storage", "warehouse", "quality", "review", "runtime", "terminal"),
    "definitions": ("orchestration",),
    "cli": ("orchestration", "warehouse", "terminal", "runtime"),
    # Of filtering and labeling only registries, and only when a corpus names something: they say which names there are.
    "corpus": ("indexing", "filtering", "labeling"),
    "settings": (),
    "schemas": (),
    "errors": (),
    "defs": (),
}

#: Tools that only some parts may import.
ONLY_IN = {
    "dagster": ("orchestration", "definitions", "runtime"),
    "great_expectations": ("quality",),
    "deltalake": ("storage",),
    "duckdb": ("warehouse",),
    "sqlglot": ("warehouse",),
    "sqlalchemy": ("review", "orchestration"),
    "fastapi": ("review",),
    "torch": ("embedding", "clustering"),
    "sentence_transformers": ("embedding",),
    "matplotlib": ("reporting",),
    "PIL": ("images", "embedding", "filtering"),
}

MODULES = sorted(PACKAGE.rglob("*.py"))
BANNED_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}


def _part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the whole name"
            found.add(node.module or "")
            if node.module == "data_engine":
                found |= {f"data_engine.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    part = _part(path)
    if part == "__init__":
        return
    allowed = {part, *LEAVES, *MAY_IMPORT[part]}
    used = {name.split(".")[1] for name in _imports(path) if name.startswith("data_engine.")}
    assert used <= allowed, f"{part} may not import {sorted(used - allowed)}"


@pytest.mark.parametrize("tool", sorted(ONLY_IN))
def test_only_its_own_place_knows_a_tool(tool: str) -> None:
    using = {_part(path) for path in MODULES if any(name.split(".")[0] == tool for name in _imports(path))}
    assert using <= set(ONLY_IN[tool])


def test_a_tool_that_is_guarded_is_used_where_it_may_be() -> None:
    # Otherwise a rule above would hold for a tool that nobody uses any more.
    used = {name.split(".")[0] for path in MODULES for name in _imports(path)}
    assert set(ONLY_IN) - used <= {"fastapi"}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in MODULES if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES]


def test_annotations_stay_readable_to_dagster() -> None:
    assert not [str(path) for path in MODULES if "from __future__ import annotations" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 420, "split the file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            statements = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0
            # The function that builds an asset holds the configuration class and the asset's body.
            limit = 70 if "steps" in path.parts or path.parent.name == "orchestration" else 45
            assert lines <= limit, f"{node.name} has {lines} lines; split it"


def test_there_is_one_step_file_per_asset() -> None:
    from data_engine.orchestration.pipeline import STEPS

    files = {path.stem for path in (PACKAGE / "runtime" / "steps").glob("*.py")} - {"__init__", "review_batches"}
    assert files == {step.__name__ for step in STEPS}
