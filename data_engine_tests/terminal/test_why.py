"""Why: the decisions about a sample of a small ledger, and what is printed of them."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from schema_tables import table
from written_steps import NOON, notes_runtime, write_step

from data_engine.errors import InvalidInput, UnknownSample
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.why import decisions_about, print_why

TWIN, LATER = "aaaa1111", "aaaa2222"


def _decide(runtime: CorpusRuntime, step: str, batch: str, **columns: object) -> None:
    row = {"step": step, "batch": batch, "run_id": "0123456789", "decided_at": NOON, "table_version": 3, **columns}
    partition = {"step": step, "batch": batch}
    runtime.store().write("ledger", table("ledger", [row]), partition=partition, run_id="run", code_version="1")


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    made = notes_runtime(tmp_path)
    raw = [
        {"sample_id": TWIN, "uri": "may.jsonl#1", "text": "knead [the] dough"},
        {"sample_id": LATER, "uri": "may.jsonl#2", "text": "x" * 301},
    ]
    write_step(made.store(), "raw_index", raw, "may")
    judged = [
        {"sample_id": TWIN, "uri": "may.jsonl#1", "reason": "kept"},
        {"sample_id": LATER, "uri": "may.jsonl#2", "reason": "near_duplicate", "duplicate_of": TWIN},
    ]
    write_step(made.store(), "first_pass", judged, "may")
    _decide(made, "balanced_subset", "", sample_id=TWIN, verdict="chosen", reason="leaf 7")
    _decide(
        made,
        "first_pass",
        "may",
        sample_id=LATER,
        verdict="rejected",
        reason="near_duplicate",
        score=0.875,
        threshold=0.8,
    )
    _decide(made, "raw_index", "may", sample_id=TWIN, verdict="read", reason="may.jsonl#1")
    return made


def _printed(runtime: CorpusRuntime, sample_id: str) -> list[str]:
    console = Console(file=StringIO(), width=200)
    print_why(runtime, sample_id, console=console)
    assert isinstance(console.file, StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_decisions_come_in_the_order_of_the_steps_also_by_the_start_of_an_id(runtime: CorpusRuntime) -> None:
    found = decisions_about(runtime, "aaaa1").to_pylist()
    assert [(row["step"], row["verdict"]) for row in found] == [("raw_index", "read"), ("balanced_subset", "chosen")]


def test_an_id_that_is_too_short_ambiguous_or_unknown_is_answered_with_what_to_give(runtime: CorpusRuntime) -> None:
    with pytest.raises(InvalidInput, match="sample id 'aaa' is too short; give at least its first 4 digits"):
        decisions_about(runtime, "aaa")
    with pytest.raises(InvalidInput, match=r"'aaaa' fits 2 samples \(aaaa1111, aaaa2222 \.\.\.\); give more digits"):
        decisions_about(runtime, "aaaa")
    with pytest.raises(UnknownSample, match="anything about sample 'bbbb' of corpus notes; take an id from data"):
        decisions_about(runtime, "bbbb")


def test_a_near_duplicate_is_printed_with_what_it_repeats_and_long_texts_are_cut(runtime: CorpusRuntime) -> None:
    said = _printed(runtime, LATER)
    assert said[:2] == ["aaaa2222 may may.jsonl#2", "x" * 200]
    assert said[2] == "x" * 100 + " ..."
    assert said[3:6] == ["repeats", "aaaa1111 may may.jsonl#1", "knead [the] dough"]
    assert said[-1] == "first_pass may │ rejected │ near_duplicate │ 0.875 │ 0.8 │ table v3 │ 01234567"


def test_decisions_without_a_score_have_empty_cells_and_no_twin_is_named(runtime: CorpusRuntime) -> None:
    said = _printed(runtime, TWIN)
    assert "repeats" not in said
    assert said[-1] == "balanced_subset │ chosen │ leaf 7 │ │ │ table v3 │ 01234567"
