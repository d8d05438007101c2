"""Sketches: 512 bytes a text, from which candidates for near-duplicates are found without the text.

A sketch is a MinHash signature of the word shingles, and a hash of the numbers. The similarity of two texts is at most
that of their word shingles, so the characters need no signature of their own. Each of the 126 values is the smallest of
the shingles' hashes times an odd number. `kernels.minhash` computes them for many texts; for few, NumPy does, column by
column, in about 0.4 ns per shingle and value. Words and hashes come from `tokens.py`. Source: Broder 1997.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.compute.spreading import Spread, over_threads
from data_engine.duplicates.texts.tokens import Hashes, Words, mixed
from data_engine.errors import InvalidInput
from data_engine.kernels import loading

Signatures = NDArray[np.uint32]

#: With the 64-bit hash of the numbers they make 512 bytes.
N_PERMUTATIONS = 126
SKETCH_BYTES = 512
#: Characters sketched at once: few enough for the CPU's cache, enough to outweigh the interpreter's overhead.
_PIECE_CHARACTERS = 1 << 17
_ROWS_PER_SLICE = 65_536
#: Odd, so that no two hashes have the same product.
_MULTIPLIERS = np.asarray(mixed(np.arange(1, N_PERMUTATIONS + 1, dtype=np.uint64)) >> np.uint64(32), np.uint32)
_MULTIPLIERS |= np.uint32(1)


@dataclass(frozen=True)
class Sketches:
    """Sketches of n texts, by which their near-duplicates are found."""

    signatures: Signatures
    """(n_texts, 126) uint32."""
    numbers: Hashes
    """(n_texts,) hash of the numbers; its lowest bit is set for short texts."""
    has_shingles: NDArray[np.bool_]
    """(n_texts,) false for texts without a word."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Sketches":
        """Sketch texts, piece by piece on every core."""
        return cls.in_pieces(len(texts), [(np.arange(len(texts)), texts)])

    @classmethod
    def in_pieces(
        cls, n: int, pieces: Iterable[tuple[NDArray[np.int64], Sequence[str]]], *, spread: Spread = over_threads
    ) -> "Sketches":
        """Sketch n texts that are not in memory all at once.

        Args:
            n: number of texts.
            pieces: some rows and their texts, together each row once.
            spread: does the work on parts of them.
        """
        signatures = np.zeros((n, N_PERMUTATIONS), np.uint32)
        numbers = np.zeros(n, np.uint64)
        has_shingles = np.zeros(n, bool)
        places_of: deque[NDArray[np.int64]] = deque()

        def cut() -> Iterator[tuple[list[str], bool]]:
            n_characters = 0
            for places, texts in pieces:
                n_characters += sum(map(len, texts))
                is_compiled = loading.use_compiled_text_kernels(n_characters)
                for chosen in _pieces(texts):
                    places_of.append(places[chosen])
                    yield [texts[row] for row in chosen], is_compiled

        for values, hashed, has_words in spread(_sketched, cut()):
            rows = places_of.popleft()
            signatures[rows], numbers[rows], has_shingles[rows] = values, hashed, has_words
        return cls(signatures, numbers, has_shingles)

    @classmethod
    def from_column(cls, column: pa.ChunkedArray) -> "Sketches":
        """Sketches in a column of bytes, as `from_bytes` reads them.

        Raises: InvalidInput when a row has another length.
        """
        pieces = [cls.from_bytes(chunk.to_pylist()) for chunk in _slices(column)]
        columns = [(piece.signatures, piece.numbers, piece.has_shingles) for piece in pieces or [cls.of([])]]
        return cls(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))

    @classmethod
    def from_bytes(cls, rows: Sequence[bytes]) -> "Sketches":
        """Sketches that `row_bytes` wrote.

        Raises: InvalidInput when a row has another length.
        """
        lengths = {len(row) for row in rows} - {SKETCH_BYTES}
        if lengths:
            raise InvalidInput(
                f"accepted samples have signatures of {sorted(lengths)} bytes, this code writes {SKETCH_BYTES}; "
                "run the first pass of their batches again"
            )
        return cls.from_rows(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, SKETCH_BYTES))

    @classmethod
    def from_rows(cls, rows: NDArray[np.uint8]) -> "Sketches":
        """Sketches of texts with words, from (n, 512) bytes as `as_bytes` gives them; nothing is copied."""
        table = rows.view("<u4")
        numbers = np.ascontiguousarray(table[:, N_PERMUTATIONS:]).view("<u8").ravel()
        return cls(table[:, :N_PERMUTATIONS], numbers, np.ones(len(table), bool))

    def as_bytes(self) -> NDArray[np.uint8]:
        """(n_texts, 512) every sketch: 126 MinHash values and the hash of the numbers, little endian."""
        numbers = self.numbers.astype("<u8").view("<u4").reshape(-1, 2)
        return np.hstack([self.signatures.astype("<u4"), numbers]).view(np.uint8)

    def row_bytes(self, row: int) -> bytes:
        """One sketch of `as_bytes`."""
        return b"".join((self.signatures[row].astype("<u4").tobytes(), self.numbers[row].astype("<u8").tobytes()))

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.numbers)

    @cached_property
    def is_short(self) -> NDArray[np.bool_]:
        """(n_texts,) whether the text has fewer than fifty words."""
        short: NDArray[np.bool_] = (self.numbers & np.uint64(1)).astype(bool)
        return short


def _slices(column: pa.ChunkedArray) -> Iterator[pa.ChunkedArray]:
    return (column.slice(start, _ROWS_PER_SLICE) for start in range(0, len(column), _ROWS_PER_SLICE))


def _sketched(work: tuple[list[str], bool]) -> tuple[Signatures, Hashes, NDArray[np.bool_]]:
    """Signatures, hashes of the numbers, and which have words, of some texts; whether by the kernel."""
    texts, is_compiled = work
    words = Words.of(texts)
    n_words = np.diff(words.offsets)
    signatures = np.zeros((len(texts), N_PERMUTATIONS), np.uint32)
    filled = np.flatnonzero(n_words)
    signatures[filled] = _signatures(words.shingles(), 2 * words.offsets[filled], is_compiled=is_compiled)
    return signatures, words.numbers, n_words > 0


def _pieces(texts: Sequence[str]) -> Iterator[list[int]]:
    """Rows with about as many characters as fit into a piece; texts of one byte a character apart from others."""
    open_pieces: dict[bool, tuple[list[int], int]] = {True: ([], 0), False: ([], 0)}
    for row, text in enumerate(texts):
        is_ascii = text.isascii()
        rows, n_characters = open_pieces[is_ascii]
        rows.append(row)
        n_characters += len(text)
        if n_characters >= _PIECE_CHARACTERS:
            yield rows
            rows, n_characters = [], 0
        open_pieces[is_ascii] = rows, n_characters
    yield from (rows for rows, _ in open_pieces.values() if rows)


def _signatures(shingles: Hashes, starts: NDArray[np.int64], *, is_compiled: bool) -> Signatures:
    """(n_texts, 126) MinHash values of the shingles of each text, which begin at `starts`."""
    hashes = (shingles >> np.uint64(32)).astype(np.uint32)
    if is_compiled:
        from data_engine.kernels.minhash import smallest_products

        return smallest_products(hashes, starts, _MULTIPLIERS)
    columns = np.empty((N_PERMUTATIONS, len(starts)), np.uint32)
    products = np.empty_like(hashes)
    if len(starts):
        for column, multiplier in zip(columns, _MULTIPLIERS, strict=True):
            np.multiply(hashes, multiplier, out=products)
            np.minimum.reduceat(products, starts, out=column)
    return columns.T
