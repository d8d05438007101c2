"""The sensors of the review queue over several ticks: they fire once per cause, and say why when they do not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import numpy as np
from small_project import SmallProject, notes_corpus
from ticking import Ticking, leave

from data_engine.review import NewTask
from data_engine.runtime.corpus_runtime import CorpusRuntime

NOW = datetime.now(UTC)
Ticks = Callable[[str], Ticking]


def test_the_opener_waits_for_a_subset_and_opens_the_first_batch_once(ticking: Ticks) -> None:
    opener = ticking("review_opener")
    assert opener.tick() == []
    assert opener.skipped == "there is no balanced subset yet; curate the corpus first"

    leave(opener.runtime, "balanced_subset", [], version="subset 1")
    [first] = opener.tick()
    assert first.run_key == f"open:{_queue_id(opener)}:first:subset 1"
    assert first.run_config["ops"]["notes_open_review_batch"]["config"]["cause"] == "nobody has answered anything yet"
    assert opener.tick() == []


def test_the_opener_waits_for_an_open_batch_and_for_proposals(ticking: Ticks) -> None:
    opener = ticking("review_opener")
    leave(opener.runtime, "balanced_subset", [], version="subset 1")
    _open(opener.runtime, "round 0", n_tasks=2)
    assert opener.tick() == []
    assert opener.skipped == "review batch round 0 is not answered yet"
    _answer(opener.runtime, "round 0")
    assert opener.tick() == []
    assert "there are no proposals yet" in str(opener.skipped)


def test_the_opener_names_its_figures_and_fires_once_per_version_of_the_proposals(ticking: Ticks) -> None:
    opener = ticking("review_opener")
    leave(opener.runtime, "balanced_subset", [], version="subset 1")
    _open(opener.runtime, "round 0", n_tasks=1)
    _answer(opener.runtime, "round 0")
    _propose(opener.runtime, uncertainties=[0.1, 0.1, 0.1, 0.5], version="proposals 1")
    assert opener.tick() == []
    assert opener.skipped == (
        "the proposals are certain enough: mean uncertainty 0.20 (limit 0.3), 25% of the proposals are at least 0.5 "
        "uncertain (limit 30%)"
    )

    _propose(opener.runtime, uncertainties=[0.1, 0.1, 0.5, 0.5], version="proposals 2")
    [by_share] = opener.tick()
    assert by_share.run_key == f"open:{_queue_id(opener)}:proposals 2"
    assert "mean uncertainty 0.30" in by_share.run_config["ops"]["notes_open_review_batch"]["config"]["cause"]
    assert opener.tick() == []

    _propose(opener.runtime, uncertainties=[0.4, 0.4, 0.4, 0.4], version="proposals 3")
    [by_mean] = opener.tick()
    assert by_mean.run_key == f"open:{_queue_id(opener)}:proposals 3"


def test_the_opener_stops_at_the_cap_on_open_tasks(notes: SmallProject, instance: dg.DagsterInstance) -> None:
    review = {"max_open_tasks": 2, "simulated": [{"name": "reader"}]}
    notes.add(notes_corpus(notes.folder / "source", review=review))
    opener = Ticking(notes, "review_opener", instance)
    leave(opener.runtime, "balanced_subset", [], version="subset 1")
    _open(opener.runtime, "round 0", n_tasks=2)
    assert opener.tick() == []
    assert opener.skipped == "2 tasks are open, the limit is 2; answer some first"


def test_the_closer_fires_when_a_batch_is_answered_and_again_after_a_correction_and_a_decision(ticking: Ticks) -> None:
    closer = ticking("review_closer")
    assert closer.tick() == []
    assert closer.skipped == "no review batch of this corpus was finished; 0 tasks are open, 0 of them leased"
    assert closer.tick() == []
    assert closer.skipped == "nothing has changed in the review queue"

    _open(closer.runtime, "round 0", n_tasks=2)
    assert closer.tick() == []
    annotation_id = _answer(closer.runtime, "round 0")
    [closed] = closer.tick()
    with closer.runtime.queue() as queue:
        revision = queue.progress("round 0").revision
    assert (closed.partition_key, closed.run_key) == ("round 0", f"close:{_queue_id(closer)}:round 0:{revision}")
    assert list(closer.instance.get_dynamic_partitions("notes_review_batches")) == ["round 0"]
    assert closer.tick() == []
    assert closer.skipped == "nothing has changed in the review queue"

    with closer.runtime.queue() as queue:
        queue.reopen(annotation_id, label="trains", now=NOW, annotator="maria")
    [corrected] = closer.tick()
    key = f"close:{_queue_id(closer)}:round 0"
    assert (corrected.partition_key, corrected.run_key) == ("round 0", f"{key}:{revision + 1}")
    assert closer.tick() == []

    with closer.runtime.queue() as queue:
        queue.decide("round 0", "sample 0", "trains", by="eve", now=NOW)
    [decided] = closer.tick()
    assert (decided.partition_key, decided.run_key) == ("round 0", f"{key}:{revision + 2}")
    assert closer.tick() == []


def test_the_closer_takes_all_answers_over_again_when_a_class_changed_its_name(
    notes: SmallProject, instance: dg.DagsterInstance
) -> None:
    closer = Ticking(notes, "review_closer", instance)
    for batch in ("round 0", "round 1"):
        _open(closer.runtime, batch, n_tasks=1)
        _answer(closer.runtime, batch)
    assert len(closer.tick()) == 2
    classes = ["bread", *closer.runtime.corpus.class_names[1:]]
    notes.change("notes", labels={"classes": classes, "renamed": {"baking": "bread"}})
    renamed = Ticking(notes, "review_closer", instance)
    renamed.cursor = closer.cursor
    assert sorted(request.partition_key for request in renamed.tick()) == ["round 0", "round 1"]
    assert renamed.tick() == []
    assert renamed.skipped == "nothing has changed in the review queue"


def test_the_closer_sees_the_first_answers_of_another_queue(ticking: Ticks) -> None:
    closer = ticking("review_closer")
    for batch in ("round 0", "round 1"):
        _open(closer.runtime, batch, n_tasks=2)
        _answer(closer.runtime, batch)
    assert len(closer.tick()) == 2
    for file in closer.runtime.data_folder.glob("review.db*"):
        file.unlink()
    _open(closer.runtime, "round 1", n_tasks=2)
    _answer(closer.runtime, "round 1")
    [closed] = closer.tick()
    assert closed.run_key == f"close:{_queue_id(closer)}:round 1:1"


def test_the_closer_goes_on_after_the_number_that_an_earlier_version_kept(ticking: Ticks) -> None:
    closer = ticking("review_closer")
    _open(closer.runtime, "round 0", n_tasks=2)
    closer.cursor = "1"
    assert closer.tick() == []
    assert str(closer.skipped).endswith("2 tasks are open, 0 of them leased")
    _answer(closer.runtime, "round 0")
    assert [request.partition_key for request in closer.tick()] == ["round 0"]


def test_the_queue_is_observed_when_something_in_it_has_changed(ticking: Ticks) -> None:
    closer = ticking("review_closer")
    closer.tick()
    assert [_figures(each) for each in closer.observed] == [(0, 0, 0, 0)]
    closer.tick()
    assert closer.observed == []
    now = datetime.now(UTC)
    _open(closer.runtime, "round 0", n_tasks=3, now=now)
    with closer.runtime.queue() as queue:
        assert queue.next("maria", now=now) is not None
        assert queue.next("simulated:reader", now=now, is_simulated=True) is not None
    closer.tick()
    [seen] = closer.observed
    assert _figures(seen) == (1, 3, 2, 1)
    assert seen["oldest batch"].value == now.timestamp()


def _figures(seen: dict[str, Any]) -> tuple[Any, ...]:
    names = ("open batches", "open tasks", "leased tasks", "people within the hour")
    return tuple(seen[name].value for name in names)


def test_a_batch_that_nobody_answers_in_time_goes_on_first_while_its_answers_are_taken_over_and_others_open(
    notes: SmallProject, instance: dg.DagsterInstance
) -> None:
    notes.change("notes", review={"expires_after_days": 3})
    opener, closer = Ticking(notes, "review_opener", instance), Ticking(notes, "review_closer", instance)
    runtime, old = opener.runtime, NOW - timedelta(days=4)
    leave(runtime, "balanced_subset", [], version="subset 1")
    _open(runtime, "round 0", n_tasks=2, now=old)
    with runtime.queue() as queue:
        lease = queue.next("maria", now=old)
        assert lease is not None
        queue.submit(lease.lease_id, "one", label="baking", now=old)
    assert opener.tick() == []
    assert "there are no proposals yet" in str(opener.skipped)
    [expired] = closer.tick()
    assert expired.run_key == f"close:{_queue_id(closer)}:round 0:1:expired"
    assert closer.execute(expired).success
    assert runtime.store().read("reviewed_labels").num_rows == 1

    _open(runtime, "round 1", n_tasks=1)
    _answer(runtime, "round 0")
    [answered] = closer.tick()
    assert answered.run_key == f"close:{_queue_id(closer)}:round 0:1"
    assert closer.execute(answered).success
    assert runtime.store().read("reviewed_labels").num_rows == 2
    assert opener.tick() == []
    assert opener.skipped == "review batch round 1 is not answered yet"


def test_an_uncertain_round_mixes_queries_controls_blind_ones_and_traps(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    finished.change("notes", review={"open_at_mean_uncertainty": 0.0}, labels={"trap_share": 0.2})
    opener = Ticking(finished, "review_opener", instance)
    [opening] = opener.tick()
    assert opening.run_config["ops"]["notes_open_review_batch"]["config"]["cause"].startswith("mean uncertainty 0.")
    before = set(opener.runtime.store().read("reviewed_labels")["review_batch"].to_pylist())
    assert opener.execute(opening).success
    with opener.runtime.queue() as queue:
        tasks = queue.tables("notes")["review_task"].to_pylist()
    of_round = [row for row in tasks if row["review_batch"] not in before]
    purposes = {purpose: sum(row["purpose"] == purpose for row in of_round) for purpose in ("query", "control", "trap")}
    assert purposes == {"query": 15, "control": 15, "trap": 3}
    assert {row["arm"] for row in of_round} == {"manual", "assisted", "proposed", "blind", "trap"}
    assert opener.tick() == []


def _queue_id(ticking: Ticking) -> str:
    with ticking.runtime.queue() as queue:
        return queue.queue_id


def test_the_closer_leaves_the_batches_of_other_corpora_alone(ticking: Ticks) -> None:
    closer = ticking("review_closer")
    _open(closer.runtime, "theirs", n_tasks=1, corpus="letters")
    _answer(closer.runtime, "theirs")
    assert closer.tick() == []
    assert closer.skipped == "no review batch of this corpus was finished"
    assert list(closer.instance.get_dynamic_partitions("notes_review_batches")) == []
    assert closer.tick() == []
    assert closer.skipped == "nothing has changed in the review queue"


def _open(runtime: CorpusRuntime, batch_id: str, *, n_tasks: int, corpus: str = "notes", now: datetime = NOW) -> None:
    tasks = [NewTask(sample_id=f"sample {i}", purpose="query", arm="manual", payload={}) for i in range(n_tasks)]
    classes = runtime.corpus.class_names
    arguments: dict[str, Any] = {"question": "About?", "classes": classes, "cause": "a test", "now": now}
    with runtime.queue() as queue:
        queue.open_batch(batch_id, corpus=corpus, tasks=tasks, **arguments)


def _answer(runtime: CorpusRuntime, batch_id: str) -> str:
    """Answer every task of a batch. Returns: the id of the last answer."""
    annotation_id = ""
    with runtime.queue() as queue:
        while (lease := queue.next("maria", now=NOW, batch=batch_id)) is not None:
            answered = queue.submit(lease.lease_id, lease.lease_id, label="baking", now=NOW, active_s=1.0)
            annotation_id = answered.annotation_id
    return annotation_id


def _propose(runtime: CorpusRuntime, *, uncertainties: list[float], version: str) -> None:
    rows = [
        {
            "sample_id": f"sample {i}",
            "classifier_version": "1",
            "label": "baking",
            "probability": 1 - uncertainty,
            "probabilities": np.array([1 - uncertainty, uncertainty], dtype=np.float32).tobytes(),
            "uncertainty": uncertainty,
            "utility": uncertainty,
            "difficulty": "easy",
            "route": "person",
            "reason": "a test",
        }
        for i, uncertainty in enumerate(uncertainties)
    ]
    leave(runtime, "proposals", rows, version=version)
