from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, pass_checks, write_step

from data_engine.review import NewTask
from data_engine.runtime.amendments.third_opinions import ask_third_opinions
from data_engine.runtime.corpus_runtime import CorpusRuntime

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


_PEOPLE = ("ada", "bob", "eve")


def _answered_twice(folder: Path, *, people: tuple[str, ...] = _PEOPLE, **review: object) -> CorpusRuntime:
    """Samples a, b and c answered by ada and bob; eve answered another one. Labels in doubt: a and c."""
    runtime = notes_runtime(folder, review={"answers_per_task": 2, **review})
    asked = {"corpus": "notes", "question": "?", "classes": ("baking", "sailing"), "now": _NOW, "cause": "test"}
    with runtime.queue() as queue:
        tasks = [NewTask(sample_id=i, purpose="query", arm="manual", payload={}) for i in "abc"]
        queue.open_batch("one", tasks=tasks, answers_per_task=2, **asked)
        for name in people[:2]:
            while lease := queue.next(name, now=_NOW, batch="one"):
                queue.submit(lease.lease_id, f"{name} {lease.task.sample_id}", label="baking", now=_NOW)
        queue.open_batch("two", tasks=[NewTask("d", "query", "manual", {})], answers_per_task=1, **asked)
        lease = queue.next(people[-1], now=_NOW, batch="two")
        assert lease is not None
        queue.submit(lease.lease_id, "last", label="baking", now=_NOW)
    posteriors = {"a": 0.6, "b": 0.99, "c": 0.89, "d": 0.5}
    rows = [
        {"sample_id": i, "provenance": "human", "posterior": p, "n_annotations": 1 if i == "d" else 2}
        for i, p in posteriors.items()
    ]
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    return runtime


def _open(runtime: CorpusRuntime) -> list[str]:
    with runtime.queue() as queue:
        return [row["sample_id"] for row in queue.tables("notes")["review_task"].to_pylist() if row["is_open"]]


def test_a_third_annotator_is_asked_about_labels_in_doubt_once_and_about_no_other(tmp_path: Path) -> None:
    runtime = _answered_twice(tmp_path)
    assert ask_third_opinions(runtime) == 2
    assert _open(runtime) == ["a", "c"]
    assert ask_third_opinions(runtime) == 0
    with runtime.queue() as queue:
        assert queue.next("ada", now=_NOW, corpus="notes") is None
        while lease := queue.next("eve", now=_NOW, corpus="notes"):
            queue.submit(lease.lease_id, f"eve {lease.task.sample_id}", label="sailing", now=_NOW)
    rows = [{"sample_id": i, "provenance": "human", "posterior": 0.5, "n_annotations": 3} for i in "ac"]
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    assert ask_third_opinions(runtime) == 0


def test_no_more_are_opened_than_there_is_room_for(tmp_path: Path) -> None:
    runtime = _answered_twice(tmp_path, max_open_tasks=1)
    assert [ask_third_opinions(runtime), ask_third_opinions(runtime)] == [1, 0]
    with runtime.queue() as queue:
        lease = queue.next("eve", now=_NOW, corpus="notes")
        assert lease is not None
        queue.submit(lease.lease_id, "eve", label="sailing", now=_NOW)
    assert ask_third_opinions(runtime) == 1
    assert _open(runtime) == ["c"]


@pytest.mark.parametrize(
    ("review", "people"),
    [
        ({"third_opinion_below": 0.0}, ("ada", "bob", "eve")),
        ({"answers_per_task": 1}, ("ada", "bob", "eve")),
        ({}, ("ada", "bob")),
    ],
)
def test_nobody_is_asked_where_the_corpus_does_not_want_it_or_nobody_is_left(
    tmp_path: Path, review: dict[str, object], people: tuple[str, ...]
) -> None:
    assert ask_third_opinions(_answered_twice(tmp_path, people=people, **review)) == 0


def test_labels_made_before_the_last_answers_came_open_nothing(tmp_path: Path) -> None:
    runtime = _answered_twice(tmp_path)
    rows = [{"sample_id": "a", "provenance": "human", "posterior": 0.5, "n_annotations": 1}]
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    assert ask_third_opinions(runtime) == 0
