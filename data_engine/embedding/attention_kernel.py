"""Attention in bfloat16 whose scores never leave the caches, compiled for this processor in a tenth of a second.

A few queries at a time meet all keys of their text. One instruction of AVX512-BF16 multiplies 32 pairs of values and
adds them up in float32, and scores are forgotten as soon as they have weighted the values. Products of matrices by a
library write all scores to memory and read them back for every step of the softmax, and no compiler finds these loops
by itself, so they are written here in LLVM's language.

Source: Dao et al. 2022, "FlashAttention" (arXiv 2205.14135); here the largest score is known before the exponentials.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from data_engine.embedding.vector_code import (
    ADDRESS,
    BFLOATS,
    FLOATS,
    INT,
    INTS,
    LANES,
    LONG,
    SHORTS,
    VECTOR_BYTES,
    Compiled,
    VectorCode,
    floats,
    ints,
    long,
)

#: Queries that are taken at once, by the values of a head: what is summed up for them stays in registers.
BLOCK_QUERIES = {32: 6, 64: 4}
#: Keys that are taken at once.
BLOCK_KEYS = 2 * LANES

_PAIR_BYTES = 4
_PAIRS_PER_TURN = 2
_ROW_BYTES = 2 * VECTOR_BYTES
#: Powers of two below this one are not normal numbers, neither in float32 nor in bfloat16.
_LEAST_EXPONENT = -126.0
#: Added to a float32 it rounds to a whole number, which the lowest bits of the sum then hold.
_ROUNDING = 1.5 * 2**23
_MANTISSA_BITS = 23
#: Of the series of 2^x for |x| <= 1/2: what is left out is a fiftieth of the rounding to bfloat16.
_TERMS = 5


class AttentionKernel(NamedTuple):
    """The compiled function for heads of one size; see `attention_kernel`."""

    attend: Compiled
    bytes_per_block: int

    def scratch_bytes(self, longest: int) -> int:
        """How much scratch memory texts of up to so many tokens need."""
        return -(-longest // BLOCK_KEYS) * self.bytes_per_block


@cache
def attention_kernel(head_size: int) -> AttentionKernel:
    """attend(mixed, attended, starts, n_texts, n_heads, scratch): addresses of arrays, and two numbers.

    mixed: (n_tokens, 3, n_heads, head_size) bfloat16, the queries, keys and values of every token.
    attended: (n_tokens, n_heads, head_size) bfloat16, written.
    starts: (n_texts + 1,) int64, the first token of each text, and the number of all tokens.
    scratch: memory of `scratch_bytes` of the longest text, of this call alone.

    Args:
        head_size: One of BLOCK_QUERIES. The processor needs AVX512-BF16.
    """
    return _Program(head_size).compiled()


class _Head(NamedTuple):
    """One head of one text, in values of the running function."""

    last: Any
    """Its last token, counted from its first."""
    n_blocks: Any
    """Of keys."""
    strides: tuple[Any, Any]
    """Bytes from token to token, of what is read and of what is written."""
    keys: Any
    """(n_blocks, head_size / 2, 32) pairs of values of a key."""
    values: Any
    """(n_blocks, 16, head_size) values of a pair of keys."""
    scores: Any
    """(n_blocks, queries, 32) float32."""
    weights: Any
    """(n_blocks, queries, 32) bfloat16."""


class _Program:
    def __init__(self, head_size: int) -> None:
        self.head_bytes, self.n_queries = 2 * head_size, BLOCK_QUERIES[head_size]
        self.n_parts = self.head_bytes // VECTOR_BYTES
        self.packed_bytes = BLOCK_KEYS * self.head_bytes
        self.scores_bytes, self.weights_bytes = self.n_queries * _ROW_BYTES, self.n_queries * VECTOR_BYTES
        self.code = VectorCode("attend", [ADDRESS, ADDRESS, ADDRESS, LONG, LONG, ADDRESS])

    def compiled(self) -> AttentionKernel:
        code = self.code
        mixed, attended, starts, n_texts, n_heads, scratch = code.function.args
        written = code.mul(n_heads, long(self.head_bytes))
        strides = code.mul(written, long(3)), written

        def text(number: Any) -> None:
            bounds = code.nth(starts, number, 8)
            first, end = code.load(bounds, typ=LONG), code.load(code.at(bounds, 8), typ=LONG)
            place = self._head(code.sub(end, first), strides, scratch)
            addresses = [code.nth(start, first, n) for start, n in zip((mixed, attended), strides, strict=True)]
            code.repeat(n_heads, lambda _, *places: self._attend(place, *places), addresses)

        code.repeat(n_texts, text)
        return AttentionKernel(code.compiled(), 2 * self.packed_bytes + self.scores_bytes + self.weights_bytes)

    def _head(self, length: Any, strides: tuple[Any, Any], scratch: Any) -> _Head:
        code = self.code
        n_blocks = self._blocks(length, BLOCK_KEYS)
        places = [scratch]
        for n_bytes in (self.packed_bytes, self.packed_bytes, self.scores_bytes):
            places.append(code.nth(places[-1], n_blocks, n_bytes))
        return _Head(code.sub(length, long(1)), n_blocks, strides, *places)

    def _attend(self, head: _Head, queries: Any, attended: Any) -> tuple[Any, Any]:
        """All tokens of a head; returns the addresses of the next head."""
        code = self.code
        keys = code.at(queries, head.strides[1])
        values = code.at(keys, head.strides[1])
        code.repeat(head.n_blocks, lambda block: self._pack(head, block, keys, values))
        n_blocks = self._blocks(code.add(head.last, long(1)), self.n_queries)
        code.repeat(n_blocks, lambda block: self._attend_block(head, block, queries, attended))
        return code.at(queries, self.head_bytes), code.at(attended, self.head_bytes)

    def _pack(self, head: _Head, block: Any, keys: Any, values: Any) -> None:
        """Lay out a block of keys and values as the products take them."""
        code, packed = self.code, self.code.mul(block, long(self.packed_bytes))
        to = code.at(head.keys, packed)
        rows = self._rows(head, keys, head.strides[0], block, BLOCK_KEYS)
        for part in range(self.n_parts):
            for half in range(2):
                sixteen = rows[half * LANES : (half + 1) * LANES]
                columns = code.transposed([code.vector(INTS, code.at(row, part * VECTOR_BYTES)) for row in sixteen])
                for pair, column in enumerate(columns, start=part * LANES):
                    code.keep(column, code.at(to, (2 * pair + half) * VECTOR_BYTES))
        to = code.at(head.values, packed)
        rows = self._rows(head, values, head.strides[0], block, BLOCK_KEYS)
        for pair in range(LANES):
            for part in range(self.n_parts):
                one, other = (code.vector(SHORTS, code.at(rows[2 * pair + i], part * VECTOR_BYTES)) for i in range(2))
                for half in range(2):
                    lanes = [lane + i for lane in range(half * LANES, (half + 1) * LANES) for i in (0, 2 * LANES)]
                    place = ((pair * self.n_parts + part) * 2 + half) * VECTOR_BYTES
                    code.keep(code.chosen(one, other, lanes), code.at(to, place))

    def _attend_block(self, head: _Head, block: Any, queries: Any, attended: Any) -> None:
        code, n = self.code, self.n_queries
        rows = self._rows(head, queries, head.strides[0], block, n)
        highest = code.repeat(
            head.n_blocks, lambda keys, *highest: self._score(head, keys, rows, highest), [floats(-math.inf)] * n
        )
        shifts = [code.fmul(code.over_lanes(code.larger, high), floats(-math.log2(math.e))) for high in highest]
        width = 2 * self.n_parts
        sums = code.repeat(
            head.n_blocks, lambda keys, *sums: self._weigh(head, keys, shifts, sums), [floats(0.0)] * (n + n * width)
        )
        targets = self._rows(head, attended, head.strides[1], block, n)
        for row, (target, total) in enumerate(zip(targets, sums[:n], strict=True)):
            share = code.fdiv(floats(1.0), code.over_lanes(code.fadd, total))
            seen = [code.fmul(vector, share) for vector in sums[n + row * width : n + (row + 1) * width]]
            for part in range(self.n_parts):
                code.keep(code.rounded(*seen[2 * part : 2 * part + 2]), code.at(target, part * VECTOR_BYTES))

    def _score(self, head: _Head, block: Any, queries: Sequence[Any], highest: Sequence[Any]) -> list[Any]:
        """Keep the scores of a block of keys; returns the highest so far by query and lane."""
        code = self.code
        last = code.everywhere(code.trunc(code.sub(head.last, code.mul(block, long(BLOCK_KEYS))), INT))
        # A key beyond the text has a score of minus infinity.
        starts = [
            code.select(code.icmp_signed(">", ints(range(i, i + LANES)), last), floats(-math.inf), floats(0.0))
            for i in (0, LANES)
        ]
        keys = code.nth(head.keys, block, self.packed_bytes)
        n_turns = long(self.head_bytes // _PAIR_BYTES // _PAIRS_PER_TURN)
        scores = self._products(starts * len(queries), queries, keys, n_turns)
        to = code.nth(head.scores, block, self.scores_bytes)
        for i, score in enumerate(scores):
            code.keep(score, code.at(to, i * VECTOR_BYTES))
        halves = zip(scores[::2], scores[1::2], strict=True)
        return [code.larger(high, code.larger(*both)) for high, both in zip(highest, halves, strict=True)]

    def _weigh(self, head: _Head, block: Any, shifts: Sequence[Any], sums: Sequence[Any]) -> list[Any]:
        """The sums of the numerators by query, and of the values that they weigh, with this block of keys."""
        code, n = self.code, self.n_queries
        scores = code.nth(head.scores, block, self.scores_bytes)
        weights = code.nth(head.weights, block, self.weights_bytes)
        values = code.nth(head.values, block, self.packed_bytes)
        rows = [code.at(weights, row * VECTOR_BYTES) for row in range(n)]
        totals = []
        for i, (row, shift, total) in enumerate(zip(rows, shifts, sums[:n], strict=True)):
            addresses = [code.at(scores, i * _ROW_BYTES + half) for half in (0, VECTOR_BYTES)]
            both = [self._exponential(code.vector(FLOATS, address), shift) for address in addresses]
            code.keep(code.rounded(*both), row)
            totals.append(code.fadd(total, code.fadd(*both)))
        # Keys beyond the text weigh nothing: the loop ends before them.
        after_last = code.add(code.sub(head.last, code.mul(block, long(BLOCK_KEYS))), long(1))
        n_turns = self._lesser(self._blocks(after_last, 2 * _PAIRS_PER_TURN), long(LANES // _PAIRS_PER_TURN))
        return [*totals, *self._products(sums[n:], rows, values, n_turns)]

    def _products(self, sums: Sequence[Any], rows: Sequence[Any], columns: Any, n_turns: Any) -> list[Any]:
        """sums + rows * columns.

        Args:
            sums: Vectors, as many for each row.
            rows: Addresses of (n_turns * 2,) pairs.
            columns: Address of (n_turns * 2, vectors per row) vectors of pairs.
            n_turns: Of the loop, which multiplies two pairs at a time.
        """
        code, width = self.code, len(sums) // len(rows)

        def turn(number: Any, *sums: Any) -> list[Any]:
            new = list(sums)
            starts = [code.nth(row, number, _PAIRS_PER_TURN * _PAIR_BYTES) for row in rows]
            start = code.nth(columns, number, _PAIRS_PER_TURN * width * VECTOR_BYTES)
            for pair in range(_PAIRS_PER_TURN):
                places = [code.at(start, (pair * width + i) * VECTOR_BYTES) for i in range(width)]
                vectors = [code.vector(BFLOATS, place) for place in places]
                for row, address in enumerate(starts):
                    factor = code.everywhere(code.load(code.at(address, pair * _PAIR_BYTES), typ=INT))
                    for i, vector in enumerate(vectors, start=row * width):
                        new[i] = code.dot(new[i], vector, factor)
            return new

        return code.repeat(n_turns, turn, sums)

    def _exponential(self, score: Any, shift: Any) -> Any:
        """2^(score * log2(e) + shift): the whole part goes to the exponent's bits, the rest through a series."""
        code = self.code
        power = code.larger(code.fused(score, floats(math.log2(math.e)), shift), floats(_LEAST_EXPONENT))
        shifted = code.fadd(power, floats(_ROUNDING))
        rest = code.fsub(power, code.fsub(shifted, floats(_ROUNDING)))
        series = code.polynomial([floats(math.log(2) ** n / math.factorial(n)) for n in range(_TERMS)], rest)
        whole = code.shl(code.bitcast(shifted, INTS), ints([_MANTISSA_BITS] * LANES))
        return code.bitcast(code.add(code.bitcast(series, INTS), whole), FLOATS)

    def _rows(self, head: _Head, start: Any, stride: Any, block: Any, n: int) -> list[Any]:
        """Addresses of the tokens of a block; those beyond the text are its last token once more."""
        code, first = self.code, self.code.mul(block, long(n))
        tokens = [self._lesser(code.add(first, long(i)), head.last) for i in range(n)]
        return [code.nth(start, token, stride) for token in tokens]

    def _lesser(self, one: Any, other: Any) -> Any:
        return self.code.select(self.code.icmp_signed("<", one, other), one, other)

    def _blocks(self, length: Any, size: int) -> Any:
        return self.code.sdiv(self.code.add(length, long(size - 1)), long(size))
