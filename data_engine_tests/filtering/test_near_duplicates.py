from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest

from data_engine.duplicates.texts import Sketches
from data_engine.filtering import raw_rows
from data_engine.filtering.judging import Judging
from data_engine.filtering.near_duplicates import Accepted, by_near_texts
from data_engine.filtering.raw_rows import HeldTexts, RawRows
from data_engine.filtering.rules.document import Document

WORDS = [f"word{n}" for n in range(40)]
TEXT, NEAR = " ".join(WORDS), " ".join([*WORDS, "more"])
NOTHING = pa.table({"sample_id": pa.array([], pa.string()), "minhash": pa.array([], pa.binary())})


def _judged(*texts: str) -> Judging:
    """Rows of these texts, all readable, of which none is rejected so far."""
    ids = [f"id{n}" for n in range(len(texts))]
    index = pa.table({"sample_id": ids, "uri": ids, "is_readable": [True] * len(texts)})
    rows = index.append_column("text", pa.array(texts, pa.string()))
    judged = Judging(RawRows(index, lambda: [rows], HeldTexts()), np.arange(len(texts)), (), "text")
    judged.measure(lambda piece: map(Document, piece["text"].to_pylist()))
    return judged


def _near_texts(judged: Judging, threshold: float | None, accepted: Accepted) -> Callable[[int], bytes | None]:
    return by_near_texts(judged.open_rows(with_text=True), judged.raw.texts, judged.verdicts, threshold, accepted)


def _no_text(ids: Sequence[str]) -> list[str]:
    raise AssertionError(f"the texts of {ids} are not needed")


@pytest.mark.parametrize("piece_bytes", [1, 1 << 20])
def test_the_later_of_two_texts_is_rejected_and_only_kept_ones_have_a_sketch(
    piece_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "PIECE_BYTES", piece_bytes)
    judged = _judged(TEXT, "something else", NEAR, "!!!")
    sketch_of = _near_texts(judged, 0.8, Accepted(pa.array([], pa.string()), lambda _: NOTHING, _no_text))
    decided = judged.verdicts.columns(slice(0, 4), judged.raw.index["sample_id"])
    assert decided["reason"].to_pylist() == ["kept", "kept", "near_duplicate", "kept"]
    assert decided["duplicate_of"].to_pylist() == [None, None, "id0", None]
    assert [sketch_of(row) for row in range(4)] == [
        *(Sketches.of([TEXT, "something else"]).row_bytes(row) for row in range(2)),
        None,
        None,
    ]


def test_what_others_accepted_is_asked_for_by_the_sketches_and_read_by_the_ids_found() -> None:
    judged, asked = _judged("something else", NEAR), list[Sequence[str]]()
    known = pa.table({"sample_id": ["x", "y"], "minhash": [Sketches.of([t]).row_bytes(0) for t in ("unlike it", TEXT)]})

    def near(sketches: Sketches) -> pa.Table:
        assert len(sketches) == 2
        return known

    def text_of(ids: Sequence[str]) -> list[str]:
        asked.append(ids)
        return [TEXT for _ in ids]

    _near_texts(judged, 0.8, Accepted(pa.array([], pa.string()), near, text_of))
    decided = judged.verdicts.columns(slice(0, 2), judged.raw.index["sample_id"])
    assert decided["duplicate_of"].to_pylist() == [None, "y"]
    assert asked == [["y"]]


def test_where_the_rule_is_off_nothing_is_compared_and_every_text_has_its_sketch() -> None:
    judged = _judged(TEXT, NEAR)
    sketch_of = _near_texts(judged, None, Accepted(pa.array([], pa.string()), lambda _: pytest.fail(), _no_text))
    assert judged.verdicts.is_open.all()
    assert None not in (sketch_of(0), sketch_of(1))
