import json
from typing import Any

import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_answers import ObjectAnswers, similarity
from data_engine.schemas import answer_text
from data_engine.segmentation import decode_rle

KIND = ObjectAnswers()


def _answer(*objects: tuple[str, int, int]) -> str:
    """Rectangles of 40 px height from x to x, each of a class."""
    made = [
        {"class": name, "polygons": [[[left, 10], [right, 10], [right, 50], [left, 50]]]}
        for name, left, right in objects
    ]
    return answer_text({"size": [60, 200], "objects": made})


def _row(annotator: str, answer: str, **change: Any) -> dict[str, Any]:
    return {
        "sample_id": "s",
        "annotator": annotator,
        "answer": answer,
        "purpose": "query",
        "provenance": "human",
        "review_batch": "b1",
        **change,
    }


def test_outlines_drawn_twice_are_the_same_and_three_quarters_would_do() -> None:
    truth = _answer(("coin", 0, 100), ("ring", 120, 160))
    near, rough = _answer(("ring", 120, 160), ("coin", 4, 100)), _answer(("coin", 20, 100), ("ring", 120, 160))
    assert KIND.is_same(near, truth) and KIND.is_right(near, truth)
    assert not KIND.is_same(rough, truth) and KIND.is_right(rough, truth)
    for wrong in (_answer(("coin", 0, 100)), _answer(("coin", 0, 100), ("coin", 120, 160)), _answer()):
        assert not KIND.is_right(wrong, truth)
    assert KIND.is_same(_answer(), _answer())


def test_similarity_is_the_shared_area_over_all_objects() -> None:
    assert similarity(_answer(("coin", 0, 100)), _answer(("coin", 0, 80), ("ring", 90, 99))) == pytest.approx(0.4)
    assert similarity(_answer(), _answer()) == 1


def test_the_answer_that_is_the_consensus_of_pixels_is_pooled() -> None:
    middle = _answer(("coin", 10, 100))
    rows = [_row("ann", _answer(("coin", 0, 100))), _row("bob", middle), _row("cat", _answer(("coin", 20, 100)))]
    pooled = KIND.pool(rows, ["coin"], embeddings_of={}, seed=0)
    assert pooled.answers == (middle,)
    assert pooled.posteriors[0] == 1


def test_who_misses_traps_counts_less_and_a_reviewer_decides() -> None:
    rows = [_row("ann", _answer(("coin", 0, 100))), _row("bob", _answer(("coin", 0, 50)))]
    traps = {"ann": (0, 9), "bob": (9, 0)}
    assert KIND.pool(rows, ["coin"], embeddings_of={}, seed=0, traps=traps).answers == (rows[1]["answer"],)
    decided = [*rows, _row("eve", _answer(), provenance="adjudicated")]
    pooled = KIND.pool(decided, ["coin"], embeddings_of={}, seed=0)
    assert pooled.answers == (_answer(),) and pooled.posteriors[0] == 1


def test_an_answer_in_few_words() -> None:
    assert KIND.shown(_answer(("ring", 0, 9), ("coin", 10, 20), ("coin", 30, 40))) == "2 coin, 1 ring"
    assert KIND.shown(_answer()) == "no objects"
    assert KIND.label_of(_answer()) is None


def test_a_class_is_no_answer_and_no_class_no_question() -> None:
    with pytest.raises(InvalidInput, match="the class 'coin' alone is no answer of the kind objects"):
        KIND.from_label("coin")
    for classes in ([], ["coin", "coin"]):
        with pytest.raises(InvalidInput, match="give at least 1, each once"):
            KIND.check_classes(classes)


def test_with_one_class_a_trap_leaves_an_object_out() -> None:
    answer = _answer(("coin", 0, 50), ("coin", 60, 90))
    wrong = KIND.wrong_answer(answer, ["coin"], probabilities=None, draw=3)
    assert json.loads(wrong)["objects"] == json.loads(answer)["objects"][:1]


def test_or_it_draws_an_outline_in() -> None:
    answer = _answer(("coin", 0, 50), ("coin", 60, 90))
    wrong = KIND.wrong_answer(answer, ["coin"], probabilities=None, draw=0)
    first, second = json.loads(wrong)["objects"]
    assert first["polygons"][0][0] == [10.0, 18.0] and second == json.loads(answer)["objects"][1]
    assert not KIND.is_right(wrong, answer) and KIND.validate(wrong, ["coin"], of="a test") == wrong


def test_a_release_has_the_objects_with_their_masks() -> None:
    exported = KIND.exported([_answer(("coin", 0, 9)), _answer()])["objects"].to_pylist()
    assert exported[1] == _answer()
    (one,) = json.loads(exported[0])["objects"]
    assert decode_rle(one["mask"]).sum() > 0
    assert KIND.validate(exported[0], ["coin"], of="a test") == exported[0]


def test_an_answer_is_about_the_image_of_its_task() -> None:
    size = json.loads(_answer())["size"]
    KIND.check_place(_answer(), {"size": size, "uri": "a"})
    KIND.check_place(_answer(), {"uri": "a"})
    with pytest.raises(InvalidInput, match=rf"but the image of the task has 3 x {size[0]} px; give the objects in"):
        KIND.check_place(_answer(), {"size": [size[0], 3]})
