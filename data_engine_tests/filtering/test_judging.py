from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from data_engine import schemas
from data_engine.filtering.judging import Judging
from data_engine.filtering.raw_rows import RawRows, by_precedence
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.measuring import limits_of

LIMITS = limits_of("text", {"too_short": 4})


def _judging(*rows: tuple[str, str | None]) -> Judging:
    """Rows of an id and a text each; their uris are their numbers."""
    said = {"batch": "b", "media_type": "text/plain", "n_bytes": 1, "arrived_at": datetime(2026, 1, 1, tzinfo=UTC)}
    table = pa.Table.from_pylist(
        [
            {**said, "sample_id": name, "uri": f"{n}", "text": text, "metadata": "{}", "is_readable": text is not None}
            for n, (name, text) in enumerate(rows)
        ],
        schema=schemas.RAW_INDEX,
    )
    raw = RawRows.of(table)
    return Judging(raw, by_precedence(raw.index, []), LIMITS, "text")


def _measured(*rows: tuple[str, str | None]) -> tuple[Judging, list[str]]:
    """The judging, and every text that was measured."""
    judging, asked = _judging(*rows), list[str]()

    def read(piece: pa.Table) -> list[Document | None]:
        asked.extend(piece["text"].to_pylist())
        return [None if text is None else Document(text) for text in piece["text"].to_pylist()]

    judging.measure(read)
    return judging, asked


def test_each_content_is_measured_once_and_its_texts_are_kept_for_later() -> None:
    judging, asked = _measured(("a", "long enough"), ("b", "ab"), ("a", "long enough"), ("c", None))
    assert asked == ["long enough", "ab", None]
    assert judging.raw.texts.read([0, 1, 2, 3]) == ["long enough", "ab", "long enough", ""]
    assert judging.has_text.tolist() == [True, True, True, False]
    assert judging.signals.whole("n_chars", judging.content).to_pylist() == [11, 2, 11, None]


def test_rows_are_rejected_by_content_then_by_limits_and_copies_follow_the_row_they_copy() -> None:
    judging, _ = _measured(("a", "ab"), ("a", "ab"), ("b", "  "), ("c", None), ("d", "known here"), ("e", "new here"))
    judging.by_content(pa.array(["d"]))
    assert judging.verdicts.counts() == {"kept": 2, "exact_duplicate": 2, "empty": 1, "unreadable": 1}
    assert judging.open_rows().tolist() == [0, 5]
    judging.by_limits()
    assert judging.open_rows(with_text=True).tolist() == [5]
    judging.copy_verdicts_to_duplicates()
    assert judging.verdicts.counts() == {
        "too_short": 2,
        "empty": 1,
        "unreadable": 1,
        "exact_duplicate": 1,
        "kept": 1,
    }


def test_without_a_classifier_no_text_has_a_junk_score() -> None:
    judging, _ = _measured(("a", "long enough"))
    judging.by_junk(None)
    assert np.isnan(judging.junk_scores).all()
