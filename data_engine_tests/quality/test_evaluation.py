"""One contract for all suites: sound tables pass every check, and tables without rows are judged all the same."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from schema_tables import table
from sound_tables import CORPUS, SOUND_FACTS, tables_of

import data_engine
from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.quality import CHECKS, TABLES, evaluate, suite_of


@pytest.mark.parametrize("step", CHECKS)
def test_sound_tables_pass_every_check_in_order(step: str) -> None:
    results = evaluate(step, tables_of(step, {}), CORPUS, **SOUND_FACTS.get(step, {}))
    assert [(r.name, r.is_blocking) for r in results] == [(c.name, c.is_blocking) for c in CHECKS[step]]
    assert [(r.name, r.detail) for r in results if not r.passed] == []
    assert all(r.n_offending == 0 and r.offending == () and r.detail for r in results)


@pytest.mark.parametrize("step", CHECKS)
def test_tables_without_rows_are_judged_without_an_exception(step: str) -> None:
    results = evaluate(step, tables_of(step, {name: [] for name in TABLES[step]}), CORPUS)
    assert len(results) == len(CHECKS[step])


class _Watched:
    """A corpus that remembers which of its blocks are looked at."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(CORPUS, name)


@pytest.mark.parametrize("step", [step for step in CHECKS if "labels" not in suite_of(step).limits])
def test_a_suite_that_names_its_limits_is_held_against_nothing_else(step: str) -> None:
    watched = _Watched()
    evaluate(step, tables_of(step, {}), cast("Corpus", watched), **SOUND_FACTS.get(step, {}))
    # Which checks a corpus without labels has.
    assert not any(check.is_about_labels for check in CHECKS[step])
    assert watched.seen - {"has_labels"} == {limit.partition(".")[0] for limit in suite_of(step).limits}


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(InvalidInput, match="step is 'labeling', which has no checks; use one of balanced_subset, "):
        evaluate("labeling", {}, CORPUS)


def test_a_missing_table_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"given the tables \['labels'\] but need .*; add release"):
        evaluate("release", {"labels": table("labels", [])}, CORPUS)


def test_an_unknown_fact_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"given the facts \['size'\] but take \['target'\]"):
        evaluate("balanced_subset", tables_of("balanced_subset", {}), CORPUS, size=3)


def test_checking_prints_nothing_warns_of_nothing_and_leaves_no_file_behind(tmp_path: Path) -> None:
    code = (
        "import pyarrow as pa; from data_engine.schemas import RELEASE, LABELS;"
        "from data_engine.corpus import Corpus; from data_engine.quality import evaluate;"
        f"corpus = Corpus.model_validate_json({CORPUS.model_dump_json()!r});"
        "evaluate('release', {'release': RELEASE.empty_table(), 'labels': LABELS.empty_table()}, corpus)"
    )
    under_test = str(Path(data_engine.__file__).parents[1])
    environment = {"HOME": str(tmp_path), "PATH": "", "TMPDIR": str(tmp_path), "PYTHONPATH": under_test}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
