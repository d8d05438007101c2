"""When people are asked next, what they are shown, and who answers in their place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_project import SmallProject, notes_corpus
from written_steps import keep_version, notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.review import NewTask
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import create_review_batch, lacking_hold_out, what_is_left, why_open
from data_engine.runtime.simulation.simulated_answers import answer_simulated, known_classes

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _open(runtime: CorpusRuntime, batch: str, sample_ids: str) -> None:
    tasks = [NewTask(sample_id=sample_id, purpose="query", arm="manual", payload={}) for sample_id in sample_ids]
    with runtime.queue() as queue:
        queue.open_batch(
            batch, corpus="notes", question="?", classes=["baking", "trains"], tasks=tasks, cause="c", now=NOW
        )


def _end(runtime: CorpusRuntime, batch: str) -> None:
    with runtime.queue() as queue:
        queue.end_batch(batch, reason="over", now=NOW)


def test_a_round_waits_for_a_subset_then_for_answers_and_then_for_proposals(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, review={"max_open_tasks": 3})
    assert why_open(runtime) == ("there is no balanced subset yet; curate the corpus first", None)
    pass_checks(runtime, keep_version(runtime.store(), "balanced_subset", data_version="d7"))
    assert why_open(runtime) == ("nobody has answered anything yet", "first:d7")
    _open(runtime, "one", "ab")
    assert why_open(runtime) == ("review batch one is not answered yet", None)
    _open(runtime, "two", "c")
    assert why_open(runtime) == ("3 tasks are open, the limit is 3; answer some first", None)
    _end(runtime, "one")
    _end(runtime, "two")
    assert why_open(runtime) == (
        "there are no proposals yet; train the classifier on the answers first",
        None,
    )


def _labels(n: int) -> list[dict[str, object]]:
    return [{"sample_id": str(number), "in_subset": True} for number in range(n)]


def test_what_is_left_is_said_with_what_to_do(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    assert what_is_left(runtime) == "no review batch is open: data-engine run notes"
    _open(runtime, "notes-round-000", "ab")
    _open(runtime, "notes-round-001", "c")
    said = what_is_left(runtime)
    assert said == ("3 tasks wait for an answer in notes-round-000, notes-round-001: data-engine review --corpus notes")
    _end(runtime, "notes-round-000")
    assert what_is_left(runtime).startswith("1 task waits for an answer in notes-round-001: ")
    _end(runtime, "notes-round-001")
    pass_checks(runtime, keep_version(store, "balanced_subset", n_rows=2000))
    pass_checks(runtime, write_step(store, "labels", _labels(1420)))
    assert what_is_left(runtime) == (
        "580 of the 2,000 samples of the subset have no label, and all rounds are asked (labels.rounds is 1): raise "
        "labels.rounds in the YAML and give data-engine run notes to ask on, or leave them without"
    )
    more = notes_runtime(tmp_path, labels={**runtime.corpus.labels.model_dump(exclude_unset=True), "rounds": 2})
    pass_checks(more, keep_version(store, "balanced_subset", n_rows=2000))
    pass_checks(more, write_step(store, "labels", _labels(1420)))
    assert what_is_left(more).endswith("data-engine run notes takes the answers over and opens the next round")
    # Labels that are kept outside the subset are none of it.
    pass_checks(more, write_step(store, "labels", [*_labels(1999), {"sample_id": "outside", "in_subset": False}]))
    assert what_is_left(more).startswith("1 of the 2,000 samples of the subset has no label: ")
    pass_checks(more, write_step(store, "labels", _labels(2000)))
    assert what_is_left(more) == "all 2,000 samples of the subset have a label"


@pytest.mark.parametrize(
    ("uncertainties", "measured", "opens"),
    [
        ([0.25, 0.25], "mean uncertainty 0.25 (limit 0.3), 0% of the proposals ", False),
        ([0.25, 0.375], "mean uncertainty 0.31 (limit 0.3), 0% of the proposals ", True),
        ([0.0, 0.5], "mean uncertainty 0.25 (limit 0.3), 50% of the proposals ", True),
    ],
)
def test_a_round_opens_when_the_mean_or_the_share_of_uncertain_proposals_reaches_its_limit(
    tmp_path: Path, uncertainties: list[float], measured: str, opens: bool
) -> None:
    runtime = notes_runtime(tmp_path)
    pass_checks(runtime, keep_version(runtime.store(), "balanced_subset"))
    _open(runtime, "one", "a")
    _end(runtime, "one")
    rows = [{"sample_id": str(n), "uncertainty": value} for n, value in enumerate(uncertainties)]
    version = pass_checks(runtime, write_step(runtime.store(), "proposals", rows))
    reason, evidence = why_open(runtime)
    assert reason.endswith(f"{measured}are at least 0.5 uncertain (limit 30%)")
    assert reason.startswith("the proposals are certain enough: ") is not opens
    assert evidence == (version.data_version if opens else None)


def test_the_next_round_asks_about_samples_of_the_subset_and_never_shows_the_known_label(
    finished: SmallProject,
) -> None:
    finished.add(notes_corpus(Path("source"), review={}))
    runtime = finished.load().runtime("notes")
    with runtime.queue() as queue:
        before = len(queue.batches("notes"))
    batch_id = create_review_batch(runtime, cause="a test")
    assert batch_id == f"notes-round-{before:03d}"
    with runtime.queue() as queue:
        tasks = [row for row in queue.tables()["review_task"].to_pylist() if row["review_batch"] == batch_id]
        assert not next(batch for batch in queue.batches("notes") if batch.batch_id == batch_id).is_answered
    subset = set(runtime.store().read("balanced_subset")["sample_id"].to_pylist())
    raw = {row["sample_id"]: row for row in runtime.store().read("raw_index").to_pylist()}
    assert tasks
    assert {task["sample_id"] for task in tasks} <= subset
    with runtime.queue() as queue:
        lease = queue.next("ada", now=datetime.now(UTC), batch=batch_id)
    assert lease is not None
    row = raw[lease.task.sample_id]
    assert lease.task.payload == {"uri": row["uri"], "text": row["text"]}
    with pytest.raises(InvalidInput, match=f"has no simulated annotators; answer {batch_id} with `data-engine review`"):
        answer_simulated(runtime, batch_id)


def test_a_subset_or_proposals_that_their_checks_hold_back_open_no_round(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, subset={"target_size": 30})
    subset = write_step(runtime.store(), "balanced_subset", [{"sample_id": "a", "batch": "may"}])
    pass_checks(runtime, subset, passed=False)
    reason, evidence = why_open(runtime)
    assert reason.startswith("notes/balanced_subset is held back by its checks (")
    assert evidence is None
    with pytest.raises(ChecksFailed, match="notes/balanced_subset is held back by its checks"):
        create_review_batch(runtime, cause="a test")
    with runtime.queue() as queue:
        assert queue.batches("notes") == []


def test_samples_of_a_batch_that_is_held_back_are_not_shown_to_people(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", [{"sample_id": "a", "text": "past its checks"}])
    write_step(runtime.store(), "raw_index", [{"sample_id": "a", "uri": "held", "text": "held"}], "june")
    tables = accepted_tables(runtime, run_id="run")
    assert tables.read("raw_index", columns=["sample_id", "uri", "text"]).to_pylist() == [
        {"sample_id": "a", "uri": "a", "text": "past its checks"}
    ]
    assert known_classes(runtime) == {}


def test_answers_of_an_unfinished_round_are_said_to_be_there(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, subset={"target_size": 12})
    taken = {"sample_id": "a", "purpose": "hold_out", "label": "baking", "review_batch": "notes-round-000"}
    take_in(runtime, "may", [{"sample_id": "a"}])
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", [taken], "notes-round-000"))
    assert lacking_hold_out(runtime) == "of 4 samples that the hold-out needs 1 is answered, 3 to go"
    tasks = [NewTask(sample_id=i, purpose="hold_out", arm="manual", payload={}) for i in "bcd"]
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-001",
            corpus="notes",
            question="?",
            classes=["baking", "other"],
            tasks=tasks,
            cause="c",
            now=NOW,
        )
        for number in range(2):
            lease = queue.next("ada", now=NOW)
            assert lease is not None
            queue.submit(lease.lease_id, str(number), label="baking", now=NOW)
    assert lacking_hold_out(runtime) == (
        "of 4 samples that the hold-out needs 3 are answered, 1 to go; answers count once all of notes-round-001 is "
        "answered"
    )
    assert what_is_left(runtime) == (
        "2 are answered, 1 task waits for an answer in notes-round-001: data-engine review --corpus notes"
    )
