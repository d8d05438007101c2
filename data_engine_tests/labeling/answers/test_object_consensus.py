import json

import numpy as np
import pytest

from data_engine.labeling.answers.object_answers import ObjectAnswers, similarity
from data_engine.labeling.answers.object_consensus import annotator_qualities, consensus_answer, masks_of, with_masks
from data_engine.schemas import answer_text
from data_engine.segmentation import decode_rle


def answer(*boxes: tuple[float, float, float, float], name: str = "coin") -> str:
    rings = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in boxes]
    return answer_text({"size": [40, 60], "objects": [{"class": name, "polygons": [ring]} for ring in rings]})


def rows(sample_id: str, **answers: str) -> list[dict]:
    return [
        {"sample_id": sample_id, "annotator": name, "answer": said, "provenance": "human", "purpose": "query"}
        for name, said in answers.items()
    ]


def pooled(given: list[dict]) -> tuple[list[str], list[float]]:
    found = ObjectAnswers().pool(given, ["coin", "ring"], embeddings_of={}, seed=0)
    return list(found.answers), found.posteriors.tolist()


def test_pixels_that_two_of_three_draw_are_the_label() -> None:
    same = {"a": answer((0, 0, 20, 20)), "b": answer((0, 0, 20, 20)), "c": answer((4, 0, 24, 20))}
    (said,), (sure,) = pooled(rows("s", **same))
    (mask,) = [one.mask for one in masks_of(said)]
    assert np.array_equal(np.flatnonzero(mask.any(axis=0)), np.arange(20))
    assert sure == 1.0
    assert ObjectAnswers().validate(said, ["coin"], of="test") == said


def test_an_object_of_one_of_three_is_left_out_and_the_label_is_less_sure() -> None:
    both = answer((0, 0, 20, 20)), answer((0, 0, 20, 20), (30, 10, 50, 30))
    (said,), (sure,) = pooled(rows("s", a=both[0], b=both[0], c=both[1]))
    assert len(json.loads(said)["objects"]) == 1
    assert sure == pytest.approx(2 / 3)


def test_of_two_the_one_who_agrees_with_others_is_believed() -> None:
    good, bad = answer((0, 0, 20, 20)), answer((0, 0, 20, 34))
    given = rows("s", zoe=good, ann=bad)
    for number in range(3):
        given += rows(f"other-{number}", zoe=good, max=good, ann=answer((30, 0, 50, 20)))
    answers, posteriors = pooled(given)
    assert answers[-1] == good
    assert posteriors[-1] == pytest.approx(similarity(good, bad))


def test_traps_say_how_far_somebody_is_believed() -> None:
    found = annotator_qualities([rows("s", a="", b="")], [[0.8, 0.8]], {"a": (3, 0), "b": (0, 3)})
    assert found == {"a": pytest.approx(4.3 / 5), "b": pytest.approx(1.3 / 5)}


def test_every_object_of_a_release_has_its_mask() -> None:
    said = with_masks(json.loads(answer((2, 3, 10, 9))))
    mask = decode_rle(said["objects"][0]["mask"])
    assert (mask.sum(), mask[3:9, 2:10].all()) == (48, True)


def test_nobody_drawing_anything_is_a_consensus() -> None:
    assert consensus_answer(dict.fromkeys("abc", answer()), {"a": 0.9, "b": 0.9, "c": 0.9}) == (answer(), 1.0)
