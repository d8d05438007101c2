"""Samples that batches share: may and june, of which june repeats one of may's."""

from pathlib import Path

import pytest
from written_steps import notes_runtime, write_step

from data_engine.runtime.accepted_samples import kept_before, orphaned_duplicates, texts_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun


def _judge(runtime: CorpusRuntime, batch: str, *rows: tuple[str, str | None]) -> None:
    """Verdicts of a batch from (sample, what it repeats)."""
    verdicts = [
        {
            "sample_id": sample_id,
            "uri": f"{batch}#{number}",
            "verdict": "rejected" if twin else "kept",
            "reason": "near_duplicate" if twin else "kept",
            "duplicate_of": twin,
        }
        for number, (sample_id, twin) in enumerate(rows)
    ]
    raw = [{"sample_id": row["sample_id"], "uri": row["uri"], "text": f"text {row['sample_id']}"} for row in verdicts]
    write_step(runtime.store(), "raw_index", raw, batch)
    write_step(runtime.store(), "first_pass", verdicts, batch)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    made = notes_runtime(tmp_path, first_pass={"min_kept_share": 0.0})
    _judge(made, "may", ("a", None), ("b", None), ("a2", "a"))
    _judge(made, "june", ("c", None), ("b2", "b"))
    return made


def test_while_every_twin_is_kept_nothing_is_orphaned(runtime: CorpusRuntime) -> None:
    assert orphaned_duplicates(runtime, runtime.store()) == {}


def test_a_duplicate_whose_twin_has_left_another_batch_is_counted_for_its_own(runtime: CorpusRuntime) -> None:
    _judge(runtime, "may", ("a", None), ("a2", "a"))
    assert orphaned_duplicates(runtime, runtime.store()) == {"june": 1}
    _judge(runtime, "july", ("b", None))
    assert orphaned_duplicates(runtime, runtime.store()) == {}


def test_what_a_batch_kept_before_are_its_own_kept_samples(runtime: CorpusRuntime) -> None:
    assert kept_before(StepRun(runtime, "first_pass", "may", "run")) == ["a", "b"]
    assert kept_before(StepRun(runtime, "first_pass", "july", "run")) == []


def test_texts_are_read_in_the_order_asked_for_of_accepted_batches_only(runtime: CorpusRuntime) -> None:
    step_run = StepRun(runtime, "first_pass", "july", "run")
    accepted = runtime.store().read("first_pass", columns=["sample_id", "batch"])
    read = texts_of(step_run, accepted)
    assert read(["c", "a", "unknown"]) == ["text c", "text a", ""]
