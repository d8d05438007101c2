import pyarrow as pa
import pytest

from data_engine.storage.ledger import ledger_rows


def test_one_value_stands_for_all_samples_and_a_list_gives_each_its_own() -> None:
    rows = ledger_rows(["a", "b"], verdict="rejected", reason=["too_short", "junk"], score=[7, None], threshold=8)
    assert rows.to_pylist() == [
        {
            "sample_id": "a",
            "verdict": "rejected",
            "reason": "too_short",
            "score": 7.0,
            "threshold": 8.0,
            "model_version": None,
        },
        {
            "sample_id": "b",
            "verdict": "rejected",
            "reason": "junk",
            "score": None,
            "threshold": 8.0,
            "model_version": None,
        },
    ]


def test_columns_of_tables_are_taken_and_brought_to_the_types_of_the_ledger() -> None:
    ids = pa.chunked_array([["a"], ["b"]])
    scores = pa.chunked_array([pa.array([0.5, 0.25], pa.float32())])
    rows = ledger_rows(ids, verdict=ids, reason="leaf", score=scores, model_version="tree 1")
    assert rows["score"].type == pa.float64()
    assert rows["score"].to_pylist() == [0.5, 0.25]
    assert rows["verdict"].to_pylist() == ["a", "b"]
    assert rows["model_version"].to_pylist() == ["tree 1", "tree 1"]


def test_no_samples_make_no_rows_in_the_same_types() -> None:
    rows = ledger_rows([], verdict="kept", reason="kept")
    assert (rows.num_rows, rows.schema) == (0, ledger_rows(["a"], verdict="kept", reason="kept").schema)


def test_a_decision_too_few_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        ledger_rows(["a", "b"], verdict=["kept"], reason="kept")
