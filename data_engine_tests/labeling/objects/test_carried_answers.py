import json

import numpy as np
import pyarrow as pa
import pytest

from data_engine.labeling.answers.carried_from import CarriedFrom
from data_engine.labeling.objects.carried_answers import carried_answer, carried_figures, carried_ious
from data_engine.schemas import REVIEWED_LABELS
from data_engine_tests.support.object_project import coins_at


def _carried(*lefts: int, n_frames: int = 1) -> str:
    answer = json.loads(coins_at(*lefts))
    way = CarriedFrom("a.mp4#frame=0", n_frames, 0.5, 0.8).said()
    return json.dumps({**answer, "objects": [{**one, "carried": way} for one in answer["objects"]]})


def test_masks_become_objects_that_say_where_they_come_from() -> None:
    masks = [np.zeros((20, 40), bool) for _ in range(2)]
    masks[0][5:15, 5:15] = True
    way = CarriedFrom("a.mp4#frame=0", 2, 1.0, 0.75)
    answer = carried_answer(masks, ["coin", "coin"], [way, way], class_names=["coin"])
    (one,) = json.loads(str(answer))["objects"]
    assert one["carried"] == {"uri": "a.mp4#frame=0", "n_frames": 2, "seconds": 1.0, "consistency": 0.75}
    assert carried_answer(masks[1:], ["coin"], [way], class_names=["coin"]) is None


def test_the_overlap_of_a_carried_mask_is_that_with_the_most_alike_object() -> None:
    # Of 10 px width, 5 px apart: a third is shared. The second coin was deleted, the third is the same.
    assert [share for _, share in carried_ious(_carried(0, 20, 45), coins_at(5, 45))] == pytest.approx([1 / 3, 0, 1])


def test_figures_are_by_distance_and_of_those_who_saw_the_proposal() -> None:
    def row(number: int, proposed: str | None, answer: str, **changes: object) -> dict[str, object]:
        filled = {"annotation_id": str(number), "sample_id": str(number), "review_batch": "r", "task_id": str(number)}
        filled |= {"purpose": "query", "arm": "proposed", "annotator": "ann", "kind": "objects", "answer": answer}
        filled |= {"proposed_answer": proposed, "provenance": "model_edited", "is_simulated": False, "revision": 1}
        return filled | changes

    rows = [
        row(1, _carried(0), coins_at(0)),
        row(2, _carried(0), coins_at(5)),
        row(3, _carried(0, n_frames=-1), coins_at(0)),
        row(4, _carried(0, 20, n_frames=3), coins_at(0)),
        row(5, None, coins_at(0), arm="manual"),
        row(6, coins_at(0), coins_at(0)),
        row(7, _carried(0), coins_at(30), arm="trap", purpose="trap"),
    ]
    found = carried_figures(pa.Table.from_pylist(rows, schema=REVIEWED_LABELS)).to_pylist()
    assert [(each["n_frames"], each["n_images"], each["n_objects"]) for each in found] == [(1, 3, 3), (3, 1, 2)]
    assert [each["mean_iou"] for each in found] == pytest.approx([(1 + 1 / 3 + 1) / 3, 0.5])
    assert [each["left_share"] for each in found] == pytest.approx([2 / 3, 0.5])
    assert found[0]["low"] <= found[0]["mean_iou"] <= found[0]["high"] and not found[0]["is_simulated"]
