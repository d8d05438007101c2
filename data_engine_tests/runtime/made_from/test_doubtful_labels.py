from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.review import NewTask
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.doubtful_labels import doubted_samples, doubtful_labels


def _labelled(folder: Path) -> CorpusRuntime:
    """Labels of people, of a model and of the data: all in doubt but `sure`; `tested` is of the hold-out."""
    runtime = notes_runtime(folder)
    take_in(runtime, "may", [{"sample_id": i} for i in ("ours", "auto", "sure", "decided", "tested", "given")])
    said = {
        "ours": ("human", 0.2),
        "auto": ("model_auto", 0.1),
        "sure": ("human", 0.9),
        "decided": ("adjudicated", 0.1),
        "tested": ("human", 0.1),
        "given": ("imported", 0.6),
        "left the source": ("human", 0.0),
    }
    rows = [{"sample_id": i, "provenance": made_by, "quality": q} for i, (made_by, q) in said.items()]
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    answers = [{"sample_id": i, "purpose": "query"} for i in ("ours", "sure", "decided")]
    answers.append({"sample_id": "tested", "purpose": "hold_out"})
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", answers, "notes-round-000"))
    return runtime


def test_labels_of_all_makers_are_looked_at_again_but_for_the_hold_out_and_what_a_reviewer_decided(
    tmp_path: Path,
) -> None:
    runtime = _labelled(tmp_path)
    tables = accepted_tables(runtime, run_id="review")
    found = doubtful_labels(runtime, tables, answered=pa.array([], pa.string()))
    assert found["sample_id"].to_pylist() == ["left the source", "auto", "ours", "given"]
    assert doubted_samples(runtime, tables) == ["auto", "ours"]


def test_a_label_is_asked_about_again_once_also_while_the_answer_is_not_there(tmp_path: Path) -> None:
    runtime = _labelled(tmp_path)
    with runtime.queue() as queue:
        task = NewTask(sample_id="auto", purpose="doubtful", arm="manual", payload={})
        at = datetime(2026, 3, 1, tzinfo=UTC)
        queue.open_batch("two", corpus="notes", question="?", classes=("x", "y"), tasks=[task], cause="test", now=at)
    assert doubted_samples(runtime, accepted_tables(runtime, run_id="review")) == ["ours"]
