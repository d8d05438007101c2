from typing import Any

import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.carried_from import CarriedFrom
from data_engine.labeling.answers.object_forms import checked_objects

RING = [[0, 0], [10, 0], [10, 10], [0, 10]]
WAY = CarriedFrom("clip.mp4#frame=0000003", -2, -0.4, 0.9)


def _answer(carried: Any) -> dict[str, Any]:
    return {"size": [20, 20], "objects": [{"class": "coin", "polygons": [RING], "carried": carried}]}


def test_an_answer_may_say_where_its_objects_were_carried_from() -> None:
    assert checked_objects(_answer(WAY.said()), ["coin"], of="c")["objects"][0]["carried"]["n_frames"] == -2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"more": 1}, "not uri, n_frames, seconds and consistency alone"),
        ({"uri": ""}, "no text of 1 to 4,096 characters is carried.uri"),
        ({"n_frames": 0}, "no whole number other than 0 is carried.n_frames"),
        ({"n_frames": True}, "no whole number other than 0"),
        ({"seconds": float("nan")}, "no number of seconds is carried.seconds"),
        ({"consistency": 1.5}, "no number from 0 to 1 is carried.consistency"),
    ],
)
def test_what_is_no_way_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked_objects(_answer({**WAY.said(), **changes}), ["coin"], of="c")
