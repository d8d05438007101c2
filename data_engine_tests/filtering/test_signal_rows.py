import numpy as np
import pyarrow as pa

from data_engine.filtering.signal_rows import SignalRows

NAMES = ["n_chars", "share", "odd"]


def _signals() -> SignalRows:
    rows = SignalRows(3, NAMES)
    rows.put(0, {"n_chars": 7, "odd": float("nan")})
    rows.put(1, None)
    rows.put(2, {"share": 0.25})
    return rows


def test_scores_come_back_as_they_were_measured_and_null_where_nothing_was() -> None:
    column = _signals().column(np.array([2, 1, 0, 2]))
    assert column.type == pa.map_(pa.string(), pa.float64())
    *others, with_nan, last = column.to_pylist()
    assert others == [[("share", 0.25)], None]
    assert last == [("share", 0.25)]
    assert [name for name, _ in with_nan] == ["n_chars", "odd"]
    assert with_nan[0] == ("n_chars", 7.0)
    assert np.isnan(with_nan[1][1])


def test_one_score_is_null_where_it_does_not_apply() -> None:
    rows = np.arange(3)
    assert _signals().scores("share", rows).to_pylist() == [None, None, 0.25]
    assert _signals().whole("n_chars", rows).to_pylist() == [7, None, None]
    assert _signals().scores("unknown", rows).to_pylist() == [None] * 3
    assert _signals().whole("unknown", rows).to_pylist() == [None] * 3
    assert _signals().is_measured.tolist() == [True, False, True]
