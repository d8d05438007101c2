"""Samples that batches share: may and june, of which june repeats one of may's."""

import json
from pathlib import Path

import pytest
from small_project import make_notes
from written_steps import notes_runtime, write_step

from data_engine.runtime.accepted_samples import kept_before, orphaned_duplicates, texts_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun, execute
from data_engine.storage import merged_segments


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


N_BATCHES = 6


def _judged(folder: Path, monkeypatch: pytest.MonkeyPatch, *, merged_from: int) -> CorpusRuntime:
    """Six batches of which each has texts of its own, and copies and near copies of the two before; judged in order.

    From the batch of this number on, segments of more than one batch are merged; before, each is by itself, as an older
    engine left them.
    """
    (folder / "source").mkdir(parents=True)
    source = {"kind": "jsonl", "path": "source", "pattern": "*.jsonl", "id_column": "id"}
    runtime = notes_runtime(folder, source=source, batches={"by": "file"}, first_pass={"min_kept_share": 0.0})
    notes = [make_notes(12, seed) for seed in range(N_BATCHES)]
    for number, own in enumerate(notes):
        before = [note for some in notes[max(0, number - 2) : number] for note in some[:2]]
        copies = [{"id": f"{n}", "text": note["text"] + " indeed" * (n % 2)} for n, note in enumerate(before)]
        lines = "".join(json.dumps(row) + "\n" for row in [*own, *copies])
        (folder / "source" / f"{number}.jsonl").write_text(lines, "utf-8")
        monkeypatch.setattr(merged_segments, "FEW_SEGMENTS", 1 if number >= merged_from else 16)
        for step in ("raw_index", "first_pass"):
            execute(runtime, step, f"{number}.jsonl", run_id="run")
    return runtime


def test_batches_are_judged_the_same_whatever_segments_are_merged_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, kinds = [], []
    for merged_from in (N_BATCHES, 0, 4):
        runtime = _judged(tmp_path / str(merged_from), monkeypatch, merged_from=merged_from)
        judged = runtime.store().read("first_pass", columns=["batch", "uri", "verdict", "reason", "duplicate_of"])
        found.append(judged.to_pylist())
        names = [path.suffix for path in (runtime.corpus_folder / "accepted").iterdir()]
        kinds.append((names.count(".sketches"), names.count(".merged")))
    assert found[0] == found[1] == found[2]
    assert {row["reason"] for row in found[0]} == {"kept", "exact_duplicate", "near_duplicate"}
    assert kinds[0] == (N_BATCHES - 1, 0)
    assert all(n_single <= 1 and 1 <= n_merged <= 3 for n_single, n_merged in kinds[1:])
