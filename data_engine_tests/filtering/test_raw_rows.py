from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data_engine.filtering import raw_rows
from data_engine.filtering.raw_rows import HeldTexts, RawRows, Texts, by_precedence, texts_in_pieces
from data_engine.storage.scratch import ScratchTexts


def _index(*uris: str) -> pa.Table:
    return pa.table({"sample_id": [f"id of {uri}" for uri in uris], "uri": list(uris)})


def test_rows_of_a_file_go_by_their_numbers_after_those_that_were_kept_before() -> None:
    index = _index("a#1", "a#10", "a#2", "b", "a")
    assert by_precedence(index, []).tolist() == [0, 2, 1, 4, 3]
    assert by_precedence(index, ["id of b", "id of a#10"]).tolist() == [1, 3, 0, 2, 4]


def test_rows_in_memory_are_sorted_by_uri_and_read_as_they_are() -> None:
    raw = RawRows.of(_index("b", "a").append_column("text", pa.array(["two", None])))
    (piece,) = raw.pieces()
    assert (len(raw), raw.index["uri"].to_pylist(), piece["text"].to_pylist()) == (2, ["a", "b"], [None, "two"])


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_pieces_hold_every_text_once_in_the_order_in_which_they_lie(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: Texts = HeldTexts() if kind == "memory" else ScratchTexts(tmp_path)
    texts.add(pa.array(["zero", None]))
    texts.add(pa.array(["two", "three", "four"]))
    monkeypatch.setattr(raw_rows, "PIECE_BYTES", 8)
    rows = np.array([4, 0, 3, 1])
    found = [(places.tolist(), read) for places, read in texts_in_pieces(texts, rows)]
    assert found == [([1, 3], ["zero", ""]), ([2, 0], ["three", "four"])]
    assert list(texts_in_pieces(texts, rows[:0])) == []
