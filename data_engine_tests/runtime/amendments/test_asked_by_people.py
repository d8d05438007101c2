import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_project import SmallProject
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.review_page import open_batch
from data_engine.runtime.amendments.asked_by_people import ask_people, leave_for_people, what_to_ask
from data_engine.runtime.corpus_runtime import CorpusRuntime


def _all_given(folder: Path) -> CorpusRuntime:
    """Four samples of the subset, each with a label of the data; b is the least credible, then d."""
    labels = {"question": "?", "classes": ["baking", "sailing"], "given": {"column": "topic", "in_hold_out": True}}
    runtime = notes_runtime(folder, known_label_column=None, review={}, labels=labels, subset={"target_size": 4})
    take_in(runtime, "may", [{"sample_id": i, "metadata": json.dumps({"topic": "baking"})} for i in "abcd"])
    store = runtime.store()
    pass_checks(runtime, write_step(store, "balanced_subset", [{"sample_id": i} for i in "abcd"]))
    quality = {"a": 0.9, "b": 0.1, "c": 0.8, "d": 0.2}
    rows = [{"sample_id": i, "provenance": "imported", "quality": q, "in_subset": True} for i, q in quality.items()]
    pass_checks(runtime, write_step(store, "labels", rows))
    return runtime


def test_where_every_sample_has_a_label_of_the_data_the_least_credible_ones_are_asked_about(tmp_path: Path) -> None:
    runtime = _all_given(tmp_path)
    assert what_to_ask(runtime) == "the labels that look wrong first"
    said: list[str] = []
    open_batch(runtime, 2, by="ada", say=said.append)
    assert said == ["notes-round-000 waits for answers: 2 tasks"]
    with runtime.queue() as queue:
        tasks = queue.tables()["review_task"].to_pylist()
    assert sorted((row["sample_id"], row["purpose"], row["arm"]) for row in tasks) == [
        ("b", "doubtful", "manual"),
        ("d", "doubtful", "manual"),
    ]


def test_where_nothing_is_left_to_ask_that_is_said_with_what_to_do(tmp_path: Path) -> None:
    runtime = _all_given(tmp_path)
    pass_checks(runtime, write_step(runtime.store(), "labels", [{"sample_id": "a", "provenance": "human"}]))
    pass_checks(runtime, write_step(runtime.store(), "balanced_subset", []))
    assert what_to_ask(runtime) == ""
    assert what_to_ask(notes_runtime(tmp_path / "new")) == ""


def test_a_batch_that_a_person_asked_for_waits_for_people_and_is_opened_once(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    assert what_to_ask(runtime) == "the most telling samples"
    batch_id = ask_people(runtime, 3)
    assert ask_people(runtime, 3) == batch_id
    with runtime.queue() as queue:
        tasks = [row for row in queue.tables()["review_task"].to_pylist() if row["review_batch"] == batch_id]
    assert sum(row["purpose"] != "hold_out" for row in tasks) == 3
    said = finished.run("notes")
    assert f"data-engine review --corpus notes answer {batch_id}" in " ".join(said.split())
    with runtime.queue() as queue:
        assert batch_id is not None and queue.answers(batch_id).num_rows == 0
        queue.end_batch(batch_id, reason="over", now=datetime.now(UTC))
    with pytest.raises(
        InvalidInput, match=rf"{batch_id} are not taken over yet.*data-engine run notes takes them over"
    ):
        ask_people(runtime, 3)


def test_what_is_left_for_people_is_opened_once_and_only_where_it_is_asked_for(tmp_path: Path) -> None:
    labels = {"question": "?", "classes": ["baking", "sailing"], "rounds": 0}
    for n, found in ((0, 0), (2, 2)):
        runtime = notes_runtime(tmp_path / str(n), labels=labels, review={"tasks_for_people": n})
        take_in(runtime, "may", [{"sample_id": f"s{i}"} for i in range(8)])
        pass_checks(runtime, write_step(runtime.store(), "balanced_subset", [{"sample_id": f"s{i}"} for i in range(8)]))
        opened = leave_for_people(runtime)
        assert (opened is not None) == bool(n)
        assert leave_for_people(runtime) is None
        with runtime.queue() as queue:
            tasks = queue.tables()["review_task"].to_pylist()
            assert [batch.cause for batch in queue.batches("notes")] == ["asked for by a person"] * bool(n)
        assert sum(row["purpose"] != "hold_out" for row in tasks) == found
