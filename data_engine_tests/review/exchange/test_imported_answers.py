"""One imported answer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from exchanged_batches import LATER, foreign, place
from object_project import coins_at
from review_people import person

from data_engine.errors import InvalidInput
from data_engine.review.people.person_queue import PersonQueue


def test_an_answer_from_the_future_was_given_now(empty):
    empty.take_in(foreign(("s0", "ada", "mit"), time=LATER + timedelta(days=400)), place(), of="a", now=LATER)
    assert [*empty.answer_times("licences-imported-001").values()] == [LATER]


def test_a_simulated_annotator_stays_simulated_whatever_the_file_says(empty):
    empty.take_in(foreign(("s0", "simulated:sim", "mit")), place(), of="a", now=LATER)
    (row,) = empty.answers("licences-imported-001").to_pylist()
    assert (row["provenance"], row["is_simulated"]) == ("simulated", True)


def test_who_corrects_an_imported_answer_here_has_answered_here(empty, tmp_path):
    empty.take_in(foreign(("s0", "ada", "mit"), time=LATER), place(), of="a", now=LATER)
    (row,) = empty.answers("licences-imported-001").to_pylist()
    with PersonQueue(f"sqlite:///{tmp_path}/empty.db") as queue:
        queue.revise(person("ada"), row["annotation_id"], label="gpl-2.0", now=LATER)
    assert empty.answers("licences-imported-001")["provenance"].to_pylist() == ["human"]
    later = foreign(("s0", "ada", "apache-2.0"), time=LATER + timedelta(days=1))
    found = empty.take_in(later, place(), of="a", now=LATER + timedelta(days=2))
    assert list(found.outcomes) == ["given_here"]


def test_a_comment_and_the_number_of_corrections_come_along(empty, tmp_path):
    (task,) = foreign(("s0", "ada", "mit")).tasks
    answer = replace(task.answers[0], comment="unsure", revision=3)
    given = replace(foreign(), tasks=(replace(task, answers=(answer,)),))
    empty.take_in(given, place(), of="a", now=LATER)
    (found,) = empty.exported("licences").tasks[0].answers
    assert (found.comment, found.revision) == ("unsure", 3)
    assert empty.batches()[0].revision == 3


@pytest.mark.parametrize(("size", "is_taken"), [([20, 60], True), ([60, 20], False)])
def test_imported_objects_are_in_an_image_of_the_size_of_that_of_the_task(empty, size, is_taken):
    (task,) = foreign(("s0", "ada", "mit")).tasks
    answer = replace(task.answers[0], answer=coins_at(0, 30))
    given = replace(foreign(), tasks=(replace(task, answers=(answer,)),))
    where = place(kind="objects", classes=("coin",), payloads={"s0": {"uri": "a.png", "size": size}})
    if is_taken:
        empty.take_in(given, where, of="a", now=LATER)
        assert empty.answers("licences-imported-001")["answer"].to_pylist() == [coins_at(0, 30)]
    else:
        with pytest.raises(InvalidInput, match="line 1: the answer is about an image of 60 x 20 px, but the image of"):
            empty.take_in(given, where, of="a", now=LATER)
        assert not empty.batches()
