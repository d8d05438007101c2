"""The house rules that code can show: floors, circles, sizes, who alone knows a tool, tests that mirror the code."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, TESTS = ROOT / "data_engine", ROOT / "data_engine_tests"

#: The floors of the house, from the ground up: a part may import the parts of its own floor and of those below.
FLOORS = (
    (
        *("errors", "schemas", "settings", "images", "rasters", "sound", "kernels", "shipped", "places", "cost_model"),
        "modalities",
    ),
    ("storage", "indexing", "embedding", "clustering", "release_formats", "segmentation"),
    ("duplicates", "sampling", "cluster_summary", "compute"),
    ("filtering", "labeling"),
    ("drift", "corpus", "foundation_model"),
    ("quality", "reporting", "releasing", "warehouse", "review", "review_page", "new_project"),
    ("runtime",),
    ("terminal", "orchestration"),
    ("cli", "definitions", "notebook"),
)
FLOOR_OF = {part: number for number, floor in enumerate(FLOORS) for part in floor}
#: Declarations of modalities are found by their files and imported by name: their parts may stand in them.
FLOOR_OF_DECLARATIONS, NO_DECLARATIONS = 3, ("modalities.modality", "modalities.registry")

#: What the corpus may know of the floors below: its one block that lies lower, and the registries, which say what
#: names there are.
CORPUS_MAY_IMPORT = {
    "compute.choice",
    "errors",
    "errors.secret_texts",
    "settings",
    "indexing.registry",
    "indexing.source",
    "modalities",
    "filtering.rules.registry",
    "labeling.answers.registry",
    "labeling.deciders.registry",
    "labeling.models.registry",
    "labeling.strategies.registry",
    "release_formats.registry",
    "segmentation.registry",
    "schemas",
    "sampling.methods",
}

#: Tools that only some parts may import.
ONLY_IN = {
    "dagster": ("orchestration", "definitions"),
    "great_expectations": ("quality",),
    "deltalake": ("storage",),
    "duckdb": ("warehouse",),
    "sqlglot": ("warehouse",),
    "sqlalchemy": ("review", "orchestration"),
    "fastapi": ("review_page",),
    "httpx": ("review", "foundation_model"),
    "torch": ("embedding", "clustering", "segmentation"),
    "sentence_transformers": ("embedding",),
    "matplotlib": ("reporting",),
    "rich": ("terminal", "orchestration", "cli", "embedding"),
    "PIL": ("images", "embedding", "filtering"),
    "ray": ("compute",),
    "numba": ("kernels",),
    "rasterio": ("rasters",),
    "soundfile": ("sound",),
    "soxr": ("sound",),
    "llvmlite": ("kernels",),
}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "defs" not in path.relative_to(PACKAGE).parts)
BANNED_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}

#: Most modules of a folder, `__init__` aside.
MOST_MODULES, MOST_MODULES_OF = 16, {"runtime": 20, "corpus": 20}
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION, MOST_STATEMENTS_OF_AN_ASSET, DEEPEST_CHAIN = 350, 40, 15, 8

#: Functions that are longer than they should be. This list only gets shorter.
LONGER_FUNCTIONS: dict[str, int] = {}

#: Files that are longer than they should be. This list only gets shorter.
LONGER_FILES: dict[str, int] = {}

#: Modules that are tested by the tests of their callers only. This list only gets shorter.
WITHOUT_A_TEST_FILE = frozenset((TESTS / "support" / "without_a_test_file.txt").read_text("utf-8").split())

#: Tests of the whole engine, which mirror no module.
WHOLE_ENGINE = {
    "test_architecture",
    "test_bad_input",
    "test_balance",
    "test_break_campaign",
    "test_benchmarks",
    "test_browser",
    "test_browser_access",
    "test_browser_changes",
    "test_browser_images",
    "test_browser_masks",
    "test_browser_report",
    "test_browser_review",
    "test_browser_tree",
    "test_changed_classes",
    "test_changed_sources",
    "test_clean",
    "test_contributing",
    "test_damaged_files",
    "test_data_in_a_bucket",
    "test_deploy",
    "test_docs",
    "test_duplicates",
    "test_foundation_model",
    "test_earlier_project",
    "test_encoder_change",
    "test_image_corpus",
    "test_large_batch",
    "test_killed_runs",
    "test_given_labels",
    "test_kept_labels",
    "test_known_label_change",
    "test_label_rules",
    "test_load",
    "test_lost_data",
    "test_hold_out",
    "test_lost_queue",
    "test_models",
    "test_gates",
    "test_odd_sources",
    "test_guides",
    "test_own_project",
    "test_pipeline",
    "test_planted_damage",
    "test_published_statements",
    "test_review_api",
    "test_running_page",
    "test_secrets",
    "test_several_questions",
    "test_try_foundation_model",
    "test_what_changed",
    "test_without_labels",
    "test_words",
    "dbt_like_sql/test_marts",
    "dbt_like_sql/test_sql_tests",
    "kernels/test_imports",
    "review/test_queue_model",
}


def _name(path: Path) -> str:
    """The dotted name of a module below the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _floor(name: str) -> int:
    is_declaration = _part(name) == "modalities" and name.count(".") and name not in NO_DECLARATIONS
    return FLOOR_OF_DECLARATIONS if is_declaration else FLOOR_OF[_part(name)]


def _part(name: str) -> str:
    return name.split(".")[0]


@dataclass(frozen=True)
class _File:
    """What the rules ask about a file, which is parsed once for its many tests."""

    n_lines: int
    docstring: str
    imported: tuple[str, ...]
    """Every dotted name that the file imports."""
    lengths: tuple[tuple[str, int], ...]
    """Every function and the lines of its body."""
    assets: tuple[tuple[str, int], ...]
    """Every asset's function and its statements."""


@cache
def _file(path: Path) -> _File:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return _File(
        len(text.splitlines()),
        ast.get_docstring(tree) or "",
        _imported(path, nodes),
        tuple((node.name, _lines_of(node)) for node in functions),
        tuple((node.name, _statements_of(node)) for node in functions if _is_asset(node)),
    )


def _imported(path: Path, nodes: list[ast.AST]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the whole name"
            found |= dict.fromkeys(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


def _lines_of(node: ast.FunctionDef) -> int:
    """The lines of a function's body, its docstring aside."""
    statements = node.body[1:] if ast.get_docstring(node) else node.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def _is_asset(node: ast.FunctionDef) -> bool:
    return node.name == "materialize" or any("asset" in ast.dump(one) for one in node.decorator_list)


def _statements_of(node: ast.FunctionDef) -> int:
    return sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) - 1


@cache
def _graph() -> dict[str, set[str]]:
    """What each module imports of the package, imports within functions and for type checkers included."""
    names = {_name(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        found = set()
        for imported in _file(path).imported:
            parts = imported.removeprefix("data_engine.").split(".") if imported.startswith("data_engine.") else []
            known = [".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in names]
            found |= set(known[:1])
        graph[_name(path)] = found - {_name(path)}
    return graph


def _table(heading: str) -> list[list[str]]:
    """The names in each row of the first table below a heading of the architecture page."""
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [re.findall(r"`(\w+)`", cells[-1 if heading == "Floors" else 0]) for cells in rows[1:]]


def test_the_floors_of_the_architecture_page_are_these() -> None:
    assert [tuple(names) for names in _table("Floors")] == list(FLOORS)


def test_the_drawing_of_the_architecture_page_has_the_same_floors() -> None:
    drawing = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("```")[1]
    drawn = [tuple(line[:90].split()) for line in drawing.splitlines() if line.strip()]
    assert drawn[::-1] == list(FLOORS)


def test_the_architecture_page_says_of_every_part_what_belongs_there() -> None:
    assert sorted(name for names in _table("What is where") for name in names) == sorted(FLOOR_OF)


@pytest.mark.parametrize("name", sorted({_name(path) for path in MODULES} - {""}))
def test_a_floor_knows_only_floors_below(name: str) -> None:
    assert _part(name) in FLOOR_OF, f"{_part(name)} stands on no floor; add it to FLOORS"
    above = {other for other in _graph()[name] if _floor(other) > _floor(name)}
    assert not above, f"{name} may not import {sorted(above)}, which stand above it"


@pytest.mark.parametrize("name", sorted(name for name in map(_name, MODULES) if _part(name) == "corpus"))
def test_the_corpus_knows_of_the_domain_only_what_names_there_are(name: str) -> None:
    others = {other for other in _graph()[name] if _part(other) != "corpus"}
    assert others <= CORPUS_MAY_IMPORT


def test_filtering_and_labeling_are_given_plain_values_and_no_corpus() -> None:
    knowing = {
        name: sorted(other for other in others if _part(other) == "corpus")
        for name, others in _graph().items()
        if _part(name) in ("filtering", "labeling")
    }
    assert {name: others for name, others in knowing.items() if others} == {}


def test_no_files_import_each_other_in_a_circle() -> None:
    left = {name: set(others) for name, others in _graph().items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert not left, f"in or behind a circle: { {name: sorted(others & left.keys()) for name, others in left.items()} }"


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=lambda path: path.name)
def test_chains_of_imports_within_a_folder_are_short(folder: Path) -> None:
    inside = {_name(path) for path in folder.rglob("*.py") if path in MODULES} - {_name(folder / "__init__.py")}

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other in _graph()[name] & inside), default=0)

    deepest = max(inside, key=depth, default="")
    if folder != PACKAGE and inside:
        assert depth(deepest) <= DEEPEST_CHAIN, f"{deepest} is at the end of {depth(deepest)} imports"


@pytest.mark.parametrize("tool", sorted(ONLY_IN))
def test_only_its_own_place_knows_a_tool(tool: str) -> None:
    using = {_part(_name(path)) for path in MODULES if any(name.split(".")[0] == tool for name in _file(path).imported)}
    assert using <= set(ONLY_IN[tool])


def test_a_tool_that_is_guarded_is_used_where_it_may_be() -> None:
    # Otherwise a rule above would hold for a tool that nobody uses any more.
    used = {name.split(".")[0] for path in MODULES for name in _file(path).imported}
    assert set(ONLY_IN) <= used


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [str(path) for path in MODULES if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES]


def test_annotations_stay_readable_to_dagster() -> None:
    assert not [str(path) for path in MODULES if "__future__.annotations" in _file(path).imported]


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=lambda path: path.name)
def test_a_folder_holds_no_more_than_can_be_looked_over(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
    name = str(folder.relative_to(PACKAGE))
    assert len(modules) <= MOST_MODULES_OF.get(name, MOST_MODULES)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_what_belongs_here_and_where_its_neighbour_is(path: Path) -> None:
    text = _file(path).docstring
    assert text, "the first line of a module says what belongs in it"
    assert len(text.splitlines()[0]) <= 117


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_files_and_functions_stay_small(path: Path) -> None:
    name = _name(path)
    assert _file(path).n_lines <= LONGER_FILES.get(name, MOST_LINES_OF_A_FILE), "split the file"
    for function, lines in _file(path).lengths:
        most = LONGER_FUNCTIONS.get(f"{name}.{function}", MOST_LINES_OF_A_FUNCTION)
        assert lines <= most, f"{function} has {lines} lines; split it"


def test_the_lists_of_exceptions_name_only_what_needs_them() -> None:
    lengths = {
        f"{_name(path)}.{function}": lines
        for path in MODULES
        for function, lines in _file(path).lengths
        if lines > MOST_LINES_OF_A_FUNCTION
    }
    assert lengths == LONGER_FUNCTIONS
    files = {_name(path): _file(path).n_lines for path in MODULES}
    assert {name: n for name, n in files.items() if n > MOST_LINES_OF_A_FILE} == LONGER_FILES


def test_the_body_of_every_asset_is_short() -> None:
    long = {
        f"{_name(path)}.{function}": n
        for path in MODULES
        for function, n in _file(path).assets
        if n > MOST_STATEMENTS_OF_AN_ASSET
    }
    assert long == {}


def _test_files() -> list[Path]:
    return sorted(path for path in TESTS.rglob("test_*.py") if "support" not in path.relative_to(TESTS).parts)


@pytest.mark.parametrize("path", _test_files(), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_file_mirrors_a_module(path: Path) -> None:
    relative = path.relative_to(TESTS).with_suffix("")
    if str(relative) in WHOLE_ENGINE:
        return
    module = PACKAGE / relative.parent / relative.name.removeprefix("test_")
    assert module.with_suffix(".py").is_file() or (module / "__init__.py").is_file(), f"{relative} mirrors nothing"


def test_a_module_has_a_test_file_of_its_name() -> None:
    mirrored = {
        str(path.relative_to(TESTS).with_suffix("")).replace("test_", "").replace("/", ".") for path in _test_files()
    }
    modules = {_name(path) for path in MODULES if path.stem != "__init__"}
    without = {name for name in modules if name not in mirrored}
    assert without == set(WITHOUT_A_TEST_FILE)
