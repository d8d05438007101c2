from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.review import NewTask
from data_engine.runtime.made_from.answered_samples import answered_samples

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_samples_with_an_answer_are_told_and_a_queue_that_cannot_be_read_has_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = notes_runtime(tmp_path)
    assert answered_samples(runtime).to_pylist() == []
    with runtime.queue() as queue:
        tasks = [NewTask(sample_id=name, purpose="query", arm="manual", payload={}) for name in ("a", "b")]
        queue.open_batch("one", corpus="notes", question="?", classes=("x", "y"), tasks=tasks, cause="test", now=_NOW)
        lease = queue.next("ada", now=_NOW, corpus="notes")
        assert lease is not None
        queue.submit(lease.lease_id, "first", label="x", now=_NOW)
    assert answered_samples(runtime).to_pylist() == [lease.task.sample_id]
    (runtime.data_folder / "review.db").write_bytes(b"no database at all, but long enough to look like a file" * 20)
    assert answered_samples(runtime).to_pylist() == []
    assert "labelled samples are not preferred" in caplog.text
