"""The sensor of drift over several ticks: it asks people or retrains once per cause, and says why if neither."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from small_project import SmallProject, notes_corpus
from ticking import Ticking, leave, report_drift

from data_engine.runtime.alarms.alarm_table import alarms_of, keep_alarms
from data_engine.runtime.corpus_runtime import CorpusRuntime

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def drift(notes: SmallProject, instance: dg.DagsterInstance) -> Ticking:
    """The sensor of a corpus without a classifier, which retrains whenever an alarm says so."""
    notes.add(notes_corpus(Path("source"), drift={"min_samples": 50, "cooldown_hours": 0}))
    return Ticking(notes, "drift", instance)


def test_drift_is_silent_without_an_alarm(drift: Ticking) -> None:
    assert drift.tick() == []
    assert drift.skipped == "no batch has drifted"
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=False)
    assert drift.tick() == []
    assert drift.skipped == "no batch has drifted"


def test_two_drifted_batches_are_one_retraining_and_only_one(drift: Ticking) -> None:
    for batch in ("may.jsonl", "june.jsonl"):
        report_drift(drift.runtime, batch, content=f"{batch} 1", is_alarm=True)
    [both] = drift.tick()
    assert both.tags["drifted"] == "june.jsonl:june.jsonl 1, may.jsonl:may.jsonl 1"
    assert drift.tick() == []
    assert drift.skipped == "2 drifted batches are handled already"


def test_a_new_report_of_the_same_content_is_no_new_cause(drift: Ticking) -> None:
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True, report="before the retraining")
    assert len(drift.tick()) == 1
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True, report="after the retraining")
    assert drift.tick() == []

    report_drift(drift.runtime, "june.jsonl", content="june 1", is_alarm=True)
    [june] = drift.tick()
    assert june.tags["drifted"] == "june.jsonl:june 1"
    report_drift(drift.runtime, "may.jsonl", content="may 2", is_alarm=True)
    [may] = drift.tick()
    assert may.tags["drifted"] == "may.jsonl:may 2"
    assert drift.tick() == []


def test_an_alarm_that_comes_and_goes_and_comes_is_handled_once(drift: Ticking) -> None:
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True)
    assert len(drift.tick()) == 1
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=False)
    report_drift(drift.runtime, "june.jsonl", content="june 1", is_alarm=True)
    assert len(drift.tick()) == 1
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True)
    assert drift.tick() == []


def test_another_retraining_waits_until_the_last_one_is_long_enough_ago(
    notes: SmallProject, instance: dg.DagsterInstance
) -> None:
    drift = Ticking(notes, "drift", instance)
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True)
    assert len(drift.tick()) == 1
    report_drift(drift.runtime, "june.jsonl", content="june 1", is_alarm=True)
    assert drift.tick() == []
    assert "retraining waits until" in str(drift.skipped)
    assert "drift.cooldown_hours is 1" in str(drift.skipped)
    first = alarms_of(drift.runtime, "drift")["may.jsonl:may 1"]
    earlier = {**vars(first), "settled_at": first.raised_at - timedelta(hours=2)}
    keep_alarms(drift.runtime, [type(first)(**earlier)], run_id="test")
    [june] = drift.tick()
    assert june.tags["drifted"] == "june.jsonl:june 1"


def test_a_retraining_that_was_lost_with_the_daemon_is_asked_for_again(
    notes: SmallProject, instance: dg.DagsterInstance, drift: Ticking
) -> None:
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True)
    [lost] = drift.tick()
    [again] = Ticking(notes, "drift", instance).tick()
    assert (again.run_key, again.tags) == (lost.run_key, lost.tags)


def test_an_alarm_without_a_classifier_is_kept_with_what_was_done(drift: Ticking) -> None:
    report_drift(drift.runtime, "may.jsonl", content="may 1", is_alarm=True)
    drift.tick()
    (alarm,) = alarms_of(drift.runtime, "drift").values()
    assert (alarm.subject, alarm.value, alarm.threshold, alarm.launched) == ("may.jsonl", 0.002, 0.01, "retraining")
    assert alarm.settled_by == "nobody was asked: retrained"
    assert [each["settled by"].value for each in drift.observed] == [alarm.settled_by]


def _raise(finished: SmallProject, instance: dg.DagsterInstance) -> tuple[Ticking, str]:
    """An alarm of a corpus with a classifier; the sensor, and the review batch that its first tick opens."""
    drift = Ticking(finished, "drift", instance)
    store = drift.runtime.store()
    report = store.read("drift_report", partition={"batch": "may.jsonl"})
    rows = [{**row, "is_alarm": True, "is_suspect": True, "p_value": 0.002} for row in report.to_pylist()]
    leave(drift.runtime, "drift_report", rows, version="alarmed", batch="may.jsonl")
    assert drift.tick() == []
    (alarm,) = alarms_of(drift.runtime, "drift").values()
    assert drift.skipped == f"{alarm.launched.removeprefix('review batch ')} is opened: drift of may.jsonl: p = 0.002"
    return drift, alarm.launched.removeprefix("review batch ")


def _answer(
    runtime: CorpusRuntime, review_batch: str, finished: SmallProject, instance: dg.DagsterInstance, *, is_right: bool
) -> int:
    """A person answers all tasks as the classifier would, or never so, and the sensor takes the answers over."""
    from data_engine.labeling import load_model, row_in_service
    from data_engine.runtime.check_gate import accepted_tables
    from data_engine.runtime.embeddings import embeddings_by_id

    tables = accepted_tables(runtime, run_id="test")
    model = load_model(row_in_service(tables.read("classifier"))["artefact"])
    n = 0
    with runtime.queue() as queue:
        while (lease := queue.next("ada", now=NOW, batch=review_batch)) is not None:
            (x,) = embeddings_by_id(tables, pa.array([lease.task.sample_id])).values()
            order = model.predict_proba(x[None])[0].argsort()
            queue.submit(lease.lease_id, f"answer {n}", label=model.class_names[order[-1 if is_right else 0]], now=NOW)
            n += 1
    closer = Ticking(finished, "review_closer", instance)
    (closing,) = (request for request in closer.tick() if request.partition_key == review_batch)
    assert closer.execute(closing).success
    return n


def test_people_are_asked_about_what_moved_without_a_proposal_and_once(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    drift, review_batch = _raise(finished, instance)
    with drift.runtime.queue() as queue:
        tasks = queue.tables("notes")["review_task"]
    tasks = tasks.filter(pc.equal(tasks["review_batch"], review_batch))
    assert set(tasks["purpose"].to_pylist()) == {"drifted"}
    assert set(tasks["arm"].to_pylist()) == {"blind"}
    first_pass = drift.runtime.store().read("first_pass", partition={"batch": "may.jsonl"})
    assert set(tasks["sample_id"].to_pylist()) <= set(first_pass["sample_id"].to_pylist())
    assert drift.tick() == []
    assert drift.skipped == f"{review_batch} is not answered yet"
    assert len(alarms_of(drift.runtime, "drift")) == 1


def test_answers_that_agree_with_the_classifier_settle_the_alarm(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    drift, review_batch = _raise(finished, instance)
    n = _answer(drift.runtime, review_batch, finished, instance, is_right=True)
    assert drift.tick() == []
    assert f"right on {n} of {n} answered samples that moved" in str(drift.skipped)
    (alarm,) = alarms_of(drift.runtime, "drift").values()
    assert alarm.settled_by is not None and alarm.settled_by.endswith("not retrained")
    assert drift.tick() == []
    assert drift.skipped == "1 drifted batches are handled already"


def test_answers_that_say_that_the_accuracy_fell_launch_the_retraining(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    drift, review_batch = _raise(finished, instance)
    n = _answer(drift.runtime, review_batch, finished, instance, is_right=False)
    [retraining] = drift.tick()
    assert retraining.tags["drifted"].startswith("may.jsonl:")
    (alarm,) = alarms_of(drift.runtime, "drift").values()
    assert f"right on 0 of {n}" in str(alarm.settled_by)
    assert drift.tick() == []
