"""What CONTRIBUTING.md says is enough: every section is carried out on a copy, and what it adds is used."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contributing_page import ROOT, Block, carry_out, sections

SECTIONS = sections()
COPIED = (
    "data_engine",
    "data_engine_tests",
    "dbt_like_sql",
    "scripts",
    "docs",
    "README.md",
    "ARCHITECTURE.md",
    "pyproject.toml",
)

#: The tests that a newcomer would run: those of the page itself, and the contracts of all that is of a kind.
CONTRACTS = (
    "runtime/test_plan.py",
    "quality/test_registry.py",
    "quality/test_evaluation.py",
    "quality/suites/test_drift_report.py",
    "filtering/rules",
    "labeling/strategies",
    "labeling/models/test_registry.py",
    "labeling/test_proposals.py",
    "segmentation/test_registry.py",
    "sampling/test_methods.py",
    "indexing/test_registry.py",
    "release_formats",
    "releasing/test_writer.py",
    "warehouse/test_models.py",
    "dbt_like_sql/test_marts.py",
)


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "data_engine_tests" / "support"))),
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=600
    )


def _pytest(copy: Path, *arguments: str) -> None:
    done = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *arguments)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to which every section has been applied, and the scripts run that the page names."""
    folder = tmp_path_factory.mktemp("contributing") / "project"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        else:
            shutil.copy(source, folder / name)
    shutil.copytree(
        ROOT / ".dagster_home", folder / ".dagster_home", ignore=lambda _, names: set(names) - {"dagster.yaml"}
    )
    for section in SECTIONS.values():
        for block in section.blocks:
            carry_out(block, folder)
    for script in ("scripts/pipeline_table", "scripts/rules_page.py"):
        done = _run(folder, script)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def outcomes(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every addition did when it was used, by the title of its section."""
    folder = tmp_path_factory.mktemp("use")
    project = folder / "project"
    project.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        patch.delenv("DATA_ENGINE_REVIEW_URL", raising=False)
        script = copy / "data_engine_tests" / "support" / "use_additions.py"
        done = _run(copy, str(script), str(project), str(folder / "outcomes.json"))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "outcomes.json").read_text("utf-8"))
    assert found["package"] == str(copy.resolve())
    return found


def test_the_page_has_a_section_for_everything_that_can_be_added() -> None:
    assert list(SECTIONS) == [
        "A step",
        "A rule",
        "An encoder",
        "A modality",
        "A query strategy",
        "A micro-model",
        "A segmenter",
        "A selection method",
        "A kind of source",
        "An export format",
        "A check",
        "An SQL model",
    ]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_has_at_most_six_numbered_lines_and_a_complete_example(title: str) -> None:
    section = SECTIONS[title]
    assert [step[:3] for step in section.steps] == [f"{number}. " for number in range(1, len(section.steps) + 1)]
    assert len(section.steps) <= 6
    assert all("\n" not in step and len(step) <= 130 for step in section.steps)
    assert section.blocks


def test_the_page_writes_only_what_its_blocks_name_and_each_lies_where_the_page_says() -> None:
    blocks = [block for section in SECTIONS.values() for block in section.blocks]
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(blocks) == len(re.findall(r"^```\w", page, re.MULTILINE))
    assert [block.path for block in blocks if block.place and not (ROOT / block.path).is_file()] == []


def test_a_step_is_declared_in_five_places_and_nothing_else_of_the_package_names_it(copy: Path) -> None:
    named = {
        str(path.relative_to(copy / "data_engine"))
        for path in (copy / "data_engine").rglob("*.py")
        if re.search("word_counts", path.stem + path.read_text("utf-8"), re.IGNORECASE)
    }
    places = {
        "domain": {"filtering/word_counts.py"},
        "schema": {"schemas/arrival.py", "schemas/__init__.py"},
        "plan": {"runtime/plan.py"},
        "step": {"runtime/steps/word_counts.py"},
        "suite": {"quality/suites/word_counts.py"},
    }
    assert len(places) == 5
    assert named == set().union(*places.values())


def test_the_step_runs_is_checked_and_is_in_the_graph_and_the_table_of_the_readme(
    copy: Path, outcomes: dict[str, Any]
) -> None:
    row = (
        "| `word_counts` | a raw sample with its number of words | batch | `raw_index` | - "
        "| `no_number_of_words_is_negative` |\n"
    )
    assert outcomes["A step"] == {
        "counts agree": True,
        "n_rows": 41,
        "checks": [["no_number_of_words_is_negative", True, True]],
        "asset": [["raw_index"], ["no_number_of_words_is_negative"], True],
        "plan": ["word_counts", ["batch"], "word_counts"],
        "is a step of a batch": True,
        "row of the README": row,
    }
    assert row in (copy / "README.md").read_text("utf-8")


def test_the_rule_rejects_a_text_and_is_listed(copy: Path, outcomes: dict[str, Any]) -> None:
    assert outcomes["A rule"] == {
        "listed": "shouting",
        "reason": "The share of letters that are capitals is above its limit.",
        "rejected": [["rejected", 1.0, 0.5]],
    }
    assert "| `shouting` | the share of letters that are capitals |" in (copy / "docs" / "rules.md").read_text("utf-8")


def test_the_encoder_embeds_a_batch_that_passes_the_checks(outcomes: dict[str, Any]) -> None:
    assert outcomes["An encoder"] == {
        "versions": ["letter-counts-1"],
        "failed": [],
        "every norm is 1": True,
        "named": True,
    }


def test_the_query_strategy_chooses_and_is_accepted_in_the_yaml(outcomes: dict[str, Any]) -> None:
    assert outcomes["A query strategy"] == {"rows": [1, 2], "of the corpus": "central"}


def test_the_micro_model_learns_comes_back_from_its_bytes_and_is_accepted_in_the_yaml(outcomes: dict[str, Any]) -> None:
    assert outcomes["A micro-model"] == {"classes": [0, 1], "of the corpus": "centroids"}


def test_the_segmenter_is_found_by_its_name_and_is_accepted_in_the_yaml(outcomes: dict[str, Any]) -> None:
    assert outcomes["A segmenter"] == {"version": "superellipse-1", "n_inside": 1, "of the corpus": "superellipse"}


def test_the_selection_method_chooses_and_is_accepted_in_the_yaml(outcomes: dict[str, Any]) -> None:
    assert outcomes["A selection method"] == {
        "rows": [1, 2],
        "of the corpus": ["outermost", "what is least like the mean of all embeddings"],
    }


def test_the_kind_of_source_reads_a_file(outcomes: dict[str, Any]) -> None:
    assert outcomes["A kind of source"] == [
        {"uri": "a.txt#1", "text": "first line", "error": None},
        {"uri": "a.txt#2", "text": "second line", "error": None},
    ]


def test_the_export_format_writes_a_release_that_can_be_read(outcomes: dict[str, Any]) -> None:
    assert outcomes["An export format"] == {
        "files": ["README.md", "croissant.json", "data.arrow", "manifest.json"],
        "samples": [{"sample_id": "s0", "label": "a"}],
        "of the corpus": ["arrow"],
    }


def test_the_check_is_listed_and_finds_what_breaks_it(outcomes: dict[str, Any]) -> None:
    detail = (
        "rows of batches without a sample: 1 of 1, but a batch that is compared needs at least 1; "
        "look at what the first pass rejects of it"
    )
    assert outcomes["A check"] == {
        "listed": "every_batch_has_samples",
        "result": ["every_batch_has_samples", False, False, ["b"], detail],
    }


def test_the_sql_models_answer(outcomes: dict[str, Any]) -> None:
    assert outcomes["An SQL model"] == {"agrees": True, "rows": 1, "word counts": [{"n": 41}]}


def test_the_tests_of_the_copy_hold_with_everything_added(copy: Path) -> None:
    new = [
        block.path
        for section in SECTIONS.values()
        for block in section.blocks
        if Path(block.path).name.startswith("test_") and not (ROOT / block.path).exists()
    ]
    paths = [*new, *(f"data_engine_tests/{path}" for path in CONTRACTS)]
    _pytest(copy, *paths)
    chosen = ("data_engine_tests/embedding/test_registry.py", "data_engine_tests/modalities/test_registry.py")
    _pytest(copy, *chosen, "-k", "letter or points or every_part or one_reason")


def test_the_copy_passes_the_static_checks(copy: Path) -> None:
    python = [path for path in _written() if path.endswith(".py")]
    new = [path for path in python if not (ROOT / path).exists()]
    formatted = _run(copy, "-m", "ruff", "format", "--check", *new)
    assert formatted.returncode == 0, formatted.stdout
    linted = _run(copy, "-m", "ruff", "check", "--ignore", "I001", *python)
    assert linted.returncode == 0, linted.stdout
    _pytest(copy, "data_engine_tests/test_architecture.py")


def _written() -> list[str]:
    return sorted({block.path for section in SECTIONS.values() for block in section.blocks})


@pytest.mark.parametrize("place", ["MISSING", "row", "BEGIN"])
def test_a_block_for_a_name_that_holds_no_list_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "plan.py").write_text("BEGIN = 1\n\n\ndef row() -> int:\n    return BEGIN\n", "utf-8")
    with pytest.raises(ValueError, match=f"plan.py assigns no tuple, list or dictionary to '{place}'"):
        carry_out(Block("plan.py", place, "    1,\n"), tmp_path)


def test_lines_go_before_the_closing_bracket_and_imports_to_the_imports(tmp_path: Path) -> None:
    path = tmp_path / "plan.py"
    path.write_text('import a\n\nPLAN: tuple[str, ...] = (\n    a.x,\n    "ü", "é")\n', "utf-8")
    carry_out(Block("plan.py", "PLAN", "import b\n\n    b.y,\n"), tmp_path)
    assert (
        path.read_text("utf-8")
        == 'import a\nimport b\n\nPLAN: tuple[str, ...] = (\n    a.x,\n    "ü", "é",\n    b.y,\n)\n'
    )
