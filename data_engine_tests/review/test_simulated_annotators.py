import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.review import NewTask, answer_as_simulated


def always(label):
    return lambda task: label


def test_simulated_annotators_answer_a_batch_to_the_end(queue, open_batch, at):
    open_batch(n=5)
    open_batch("b2", n=1)
    answered = answer_as_simulated(
        queue, "b1", [("simulated:ada", always("mit")), ("simulated:bob", always("gpl-2.0"))], now=at(0)
    )
    assert answered == 5
    progress = queue.progress("b1")
    assert (progress.n_done, progress.is_answered) == (5, True)
    answers = queue.answers("b1").to_pylist()
    assert {row["provenance"] for row in answers} == {"simulated"}
    by_sample = {row["sample_id"]: row["annotator"].removeprefix("simulated:") for row in answers}
    assert by_sample == {"s0": "ada", "s1": "bob", "s2": "ada", "s3": "bob", "s4": "ada"}
    assert queue.progress("b2").n_open == 1


def test_each_task_gets_as_many_different_annotators_as_it_wants(queue, open_batch, at):
    open_batch(n=3, answers_per_task=2)
    names = [(f"simulated:{i}", always("mit")) for i in range(3)]
    assert answer_as_simulated(queue, "b1", names, now=at(0)) == 6
    answers = queue.answers("b1").to_pylist()
    assert sorted(row["sample_id"] for row in answers) == ["s0", "s0", "s1", "s1", "s2", "s2"]
    assert len({(row["sample_id"], row["annotator"]) for row in answers}) == 6


def test_it_ends_when_too_few_annotators_are_left(queue, open_batch, at):
    open_batch(n=2, answers_per_task=2)
    assert answer_as_simulated(queue, "b1", [("simulated:ada", always("mit"))], now=at(0)) == 2
    assert queue.progress("b1").n_undecided == 2


def test_an_annotator_without_an_answer_skips(queue, open_batch, at):
    open_batch(n=2)
    knows_s1 = [("simulated:ada", lambda task: "mit" if task.sample_id == "s1" else None)]
    assert answer_as_simulated(queue, "b1", knows_s1, now=at(0)) == 1
    progress = queue.progress("b1")
    assert (progress.n_done, progress.n_undecided) == (1, 1)


def test_it_sees_what_an_annotator_sees(queue, open_batch, at):
    open_batch(tasks=[NewTask("s0", "audit", "blind", {"text": "x"}, "mit", 0.9)])
    seen = []
    answer_as_simulated(queue, "b1", [("simulated:ada", lambda task: seen.append(task) or "mit")], now=at(0))
    assert (seen[0].payload, seen[0].proposed_label, seen[0].question) == (
        {"text": "x"},
        None,
        "Which licence is meant?",
    )


def test_progress_is_told_and_ends_at_the_end(queue, open_batch, at):
    open_batch(n=45)
    told = []
    ada = [("simulated:ada", always("mit"))]
    answer_as_simulated(queue, "b1", ada, now=at(0), progress=lambda n_done, n_tasks: told.append((n_done, n_tasks)))
    assert told == [(20, 45), (40, 45), (45, 45)]


def test_an_answered_batch_is_left_alone(queue, open_batch, at):
    open_batch(n=1)
    ada = [("simulated:ada", always("mit"))]
    assert answer_as_simulated(queue, "b1", ada, now=at(0)) == 1
    assert answer_as_simulated(queue, "b1", ada, now=at(1)) == 0


def test_names_labels_and_batches_are_checked(queue, open_batch, at):
    open_batch(n=1)
    with pytest.raises(InvalidInput, match="call it 'simulated:ada'"):
        answer_as_simulated(queue, "b1", [("ada", always("mit"))], now=at(0))
    with pytest.raises(UnknownLabel):
        answer_as_simulated(queue, "b1", [("simulated:ada", always("beer"))], now=at(0))
    with pytest.raises(InvalidInput, match="no review batch 'b9'"):
        answer_as_simulated(queue, "b9", [("simulated:ada", always("mit"))], now=at(0))
