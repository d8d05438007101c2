"""One contract for all suites: sound tables pass every check, and tables without rows are judged all the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from schema_tables import table
from sound_tables import CORPUS, SOUND_FACTS, tables_of

import data_engine
from data_engine.errors import InvalidInput
from data_engine.quality import CHECKS, TABLES, evaluate


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
