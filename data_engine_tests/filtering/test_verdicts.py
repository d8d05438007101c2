import numpy as np
import pyarrow as pa

from data_engine.filtering.verdicts import Verdicts

IDS = pa.chunked_array([["a", "b"], ["c", "d"]])


def test_rows_are_kept_until_they_are_rejected_with_score_threshold_and_twin() -> None:
    verdicts = Verdicts(4)
    verdicts.reject(np.array([1, 3]), "near_duplicate", [0.9, 0.8], 0.75, twin_rows=[0, -1], twins_elsewhere=[-1, 1])
    verdicts.name_elsewhere(pa.chunked_array([["x"], ["y"]]))
    columns = verdicts.columns(slice(0, 4), IDS)
    assert columns["verdict"].to_pylist() == ["kept", "rejected", "kept", "rejected"]
    assert columns["reason"].to_pylist() == ["kept", "near_duplicate", "kept", "near_duplicate"]
    assert columns["score"].to_pylist() == [None, 0.9, None, 0.8]
    assert columns["threshold"].to_pylist() == [None, 0.75, None, 0.75]
    assert columns["duplicate_of"].to_pylist() == [None, "a", None, "y"]
    assert verdicts.is_open.tolist() == [True, False, True, False]


def test_a_slice_names_twins_outside_of_it() -> None:
    verdicts = Verdicts(4)
    verdicts.reject(np.array([3]), "exact_duplicate", 1.0, 1.0, twin_rows=[0])
    assert verdicts.columns(slice(2, 4), IDS)["duplicate_of"].to_pylist() == [None, "a"]


def test_reasons_are_counted_in_the_order_in_which_they_come() -> None:
    verdicts = Verdicts(4)
    verdicts.reject(np.array([2]), "junk", 0.9, 0.5)
    verdicts.reject(np.array([0, 3]), "empty", 0.0, 1.0)
    assert list(verdicts.counts().items()) == [("empty", 2), ("kept", 1), ("junk", 1)]
    assert verdicts.is_rejected_for("empty").tolist() == [True, False, False, True]
    assert not verdicts.is_rejected_for("unheard of").any()


def test_a_copied_verdict_is_the_whole_verdict() -> None:
    verdicts = Verdicts(4)
    verdicts.reject(np.array([1]), "near_duplicate", 0.9, 0.8, twin_rows=[0])
    verdicts.copy(np.array([3]), np.array([1]))
    columns = verdicts.columns(slice(3, 4), IDS)
    assert {name: column[0].as_py() for name, column in columns.items()} == {
        "verdict": "rejected",
        "reason": "near_duplicate",
        "score": 0.9,
        "threshold": 0.8,
        "duplicate_of": "a",
    }
