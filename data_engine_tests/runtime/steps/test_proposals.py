from datetime import UTC, datetime

from small_project import SmallProject

from data_engine.runtime.alarms.shut_routes import routes_now
from data_engine.runtime.amendments.verification import open_verification
from data_engine.runtime.check_gate import run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute


def _made(runtime: CorpusRuntime, step: str, batch: str = "") -> list[dict[str, object]]:
    _, result = execute(runtime, step, batch, run_id="after")
    found = run_checks(runtime, runtime.store(), step, batch, run_id="after")
    assert [each.name for each in found if each.is_blocking and not each.passed] == []
    return list(result.table.to_pylist())


def _answer(runtime: CorpusRuntime, batch: str, *, n_wrong: int) -> int:
    """Answer the audits of a batch, the first of them otherwise than was proposed; how many there are."""
    n = 0
    with runtime.queue() as queue:
        tasks = queue.tables("notes")["review_task"].to_pylist()
        proposed = {row["sample_id"]: row["proposed_label"] for row in tasks if row["review_batch"] == batch}
        while lease := queue.next("ada", now=datetime.now(UTC), batch=batch):
            name = proposed[lease.task.sample_id]
            other = next(each for each in runtime.corpus.class_names if each != name)
            queue.submit(lease.lease_id, lease.lease_id, label=other if n < n_wrong else name, now=datetime.now(UTC))
            n += 1
    return n


def test_blind_audits_that_contradict_the_classifier_in_service_shut_it(finished: SmallProject) -> None:
    finished.change("notes", review={"verification": {"share": 0.1, "again": 0}})
    runtime = finished.load().runtime("notes")
    assert set(routes_now(runtime).certified) == {"classifier"}
    batch = open_verification(runtime, now=datetime.now(UTC))
    assert batch is not None
    n = _answer(runtime, batch, n_wrong=6)
    for step, of in (("reviewed_labels", batch), ("classifier", "")):
        _made(runtime, step, of)
    proposed = _made(runtime, "proposals")
    shut, sample_ids = routes_now(runtime).shut["classifier"]
    assert (shut.n_right, shut.n_audits, len(sample_ids)) == (n - 6, n, len(proposed))
    assert {row["route"] for row in proposed} == {"person"}
    assert {row["n_annotations"] == 0 for row in _made(runtime, "labels")} == {False}
