"""The rows of a batch while one rule after the other decides on them; near-duplicates are decided in
`near_duplicates.py`.

The order of the rules is that of `first_pass.judge`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.filtering.learned.junk import JunkClassifier
from data_engine.filtering.raw_rows import RawRows, RowNumbers, texts_in_pieces
from data_engine.filtering.rules.measuring import first_broken, measure_of, signal_names
from data_engine.filtering.rules.rule import Limit
from data_engine.filtering.signal_rows import SignalRows
from data_engine.filtering.verdicts import Verdicts
from data_engine.modalities import find_modality

#: Gives what the rules measure, one subject or None per row of a raw index, in its order.
Reader = Callable[[pa.Table], Iterable[Any]]


class Judging:
    """What is known of n rows, which have contents: rows of one id have the same one. All arrays are by row or content.

    Attributes:
        raw: The rows.
        order: (n,) the rows in the order of precedence.
        content: (n,) the content of each row.
        verdicts: What was decided so far.
        signals: What the rules measured of each content.
        languages: The most probable language by content, where a rule has asked for it.
        sketches: By content, of what has one.
        junk_scores: (n,) NaN where none was asked for.
        second_similarity: Of the other part of samples that have two; None: it makes no near-duplicates.
        has_text: (n,) false for unreadable rows, and for samples without a text.
    """

    def __init__(
        self,
        raw: RawRows,
        order: RowNumbers,
        limits: Sequence[Limit],
        modality: str,
        second_similarity: float | None = None,
    ) -> None:
        """Nothing is measured or decided yet."""
        self.raw, self.order, self.modality, self._limits = raw, order, modality, limits
        self._of, self.second_similarity = find_modality(modality), second_similarity
        ids = pc.dictionary_encode(raw.index["sample_id"].combine_chunks())
        self._ids = ids.dictionary
        self.content: RowNumbers = np.asarray(ids.indices, np.int64)
        n_rows, n_contents = len(raw), len(self._ids)
        self.verdicts = Verdicts(n_rows)
        self.signals = SignalRows(n_contents, signal_names(modality, limits))
        self._broken, self._broken_score = np.full(n_contents, -1), np.zeros(n_contents)
        self.languages: dict[int, str] = {}
        self.sketches: dict[int, bytes] = {}
        self.junk_scores = np.full(n_rows, np.nan)
        self.has_text, self._is_empty = np.zeros(n_rows, bool), np.zeros(n_rows, bool)
        # The row of each content that can be kept, as soon as that is known.
        self._candidate = np.full(n_contents, -1)

    def open_rows(self, *, with_text: bool = False) -> RowNumbers:
        """The rows that no rule has rejected so far, in the order of precedence."""
        is_wanted = self.verdicts.is_open & self.has_text if with_text else self.verdicts.is_open
        return self.order[is_wanted[self.order]]

    def open_sketches(self) -> dict[int, bytes]:
        """The sketches of the samples that no rule has rejected so far, by row in the order of precedence."""
        rows = ((row, int(self.content[row])) for row in self.open_rows().tolist())
        return {row: self.sketches[content] for row, content in rows if content in self.sketches}

    def _firsts(self, rows: RowNumbers) -> RowNumbers:
        """Of rows in the order of precedence, the first one of each content."""
        return rows[np.unique(self.content[rows], return_index=True)[1]]

    def measure(self, read: Reader) -> None:
        """Measure each content once, of the row that takes precedence, and hold it against the limits."""
        measured = measure_of(self.modality, self._limits)
        place = {limit.rule.name: number for number, limit in enumerate(self._limits)}
        for contents, subjects in self._subjects(read):
            for content, subject in zip(contents.tolist(), subjects, strict=True):
                signals = measured(subject)
                self.signals.put(content, signals)
                limit = None if signals is None else first_broken(signals, self._limits)
                if signals is not None and limit is not None:
                    self._broken[content] = place[limit.rule.name]
                    self._broken_score[content] = signals[limit.rule.signal]
                sketch, language = getattr(subject, "sketch", b""), getattr(subject, "language", None)
                if sketch:
                    self.sketches[content] = sketch
                # The rules have asked for it by now.
                if language is not None:
                    self.languages[content] = language

    def _subjects(self, read: Reader) -> Iterator[tuple[RowNumbers, Iterable[Any]]]:
        """Some contents and what is measured of each; texts are kept for later on the way."""
        is_first = np.zeros(len(self.raw), bool)
        is_first[self._firsts(self.order)] = True
        if not self._of.holds_text:
            rows = self.order[is_first[self.order]]
            yield self.content[rows], read(self.raw.index.take(pa.array(rows)))
            return
        start = 0
        for piece in self.raw.pieces():
            here, texts = slice(start, start + len(piece)), piece["text"].combine_chunks()
            self.raw.texts.add(texts)
            self.has_text[here] = texts.is_valid()
            self._is_empty[here] = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), False)
            firsts = np.flatnonzero(is_first[here])
            yield self.content[here][firsts], read(self._with_place(piece.take(pa.array(firsts)), start + firsts))
            start += len(piece)

    def _with_place(self, piece: pa.Table, rows: RowNumbers) -> pa.Table:
        """Texts with what finds the bytes that belong to them, where there are any."""
        if not self._of.is_read_again:
            return piece
        return self.raw.index.take(pa.array(rows)).append_column("text", piece["text"])

    def by_content(self, accepted_ids: pa.Array) -> None:
        """Reject what is unreadable or empty, and copies of accepted contents or of earlier rows."""
        is_readable = np.asarray(self.raw.index["is_readable"], bool)
        is_known = np.asarray(pc.is_in(self._ids.cast(pa.string()), value_set=accepted_ids), bool)[self.content]
        can_be_kept = is_readable & ~self._is_empty
        self.verdicts.reject(np.flatnonzero(~is_readable), "unreadable", 0.0, 1.0)
        self.verdicts.reject(np.flatnonzero(is_readable & self._is_empty), "empty", 0.0, 1.0)
        firsts = self._firsts(self.order[(can_be_kept & ~is_known)[self.order]])
        self._candidate[self.content[firsts]] = firsts
        is_copy = can_be_kept.copy()
        is_copy[firsts] = False
        copies = np.flatnonzero(is_copy)
        # The id of its twin is its own.
        self.verdicts.reject(copies, "exact_duplicate", 1.0, 1.0, twin_rows=copies)

    def by_limits(self) -> None:
        """Reject rows whose content breaks a limit."""
        rows = self.open_rows()
        broken = self._broken[self.content[rows]]
        for number, limit in enumerate(self._limits):
            found = rows[broken == number]
            self.verdicts.reject(found, limit.rule.name, self._broken_score[self.content[found]], limit.limit)

    def by_junk(self, junk: JunkClassifier | None) -> None:
        """Score the texts that came so far, and reject those above the threshold."""
        if junk is None:
            return
        rows = self.open_rows(with_text=True)
        for places, texts in texts_in_pieces(self.raw.texts, rows):
            self.junk_scores[rows[places]] = junk.score(texts)
        found = rows[self.junk_scores[rows] > junk.threshold]
        self.verdicts.reject(found, "junk", self.junk_scores[found], junk.threshold)

    def by_missing_content(self) -> None:
        """Reject what was readable when it was indexed and is not now: it cannot be judged."""
        if not self._of.is_read_again:
            return
        rows = self.open_rows()
        gone = rows[~self.signals.is_measured[self.content[rows]]]
        self.verdicts.reject(gone, "unreadable", 0.0, 1.0)

    def copy_verdicts_to_duplicates(self) -> None:
        """A copy of a content that is rejected for something else is rejected for the same: it has no kept twin."""
        is_rejected: NDArray[np.bool_] = ~self.verdicts.is_open
        is_copy = self.verdicts.is_rejected_for("exact_duplicate")
        like = np.full(len(self._ids), -1)
        others = self.order[(is_rejected & ~is_copy)[self.order]]
        like[self.content[others]] = others
        # What came farthest decides, where a content has rows that cannot be read.
        candidates = self._candidate[self._candidate >= 0]
        candidates = candidates[is_rejected[candidates]]
        like[self.content[candidates]] = candidates
        copies = np.flatnonzero(is_copy)
        copies = copies[like[self.content[copies]] >= 0]
        self.verdicts.copy(copies, like[self.content[copies]])
