"""Layer norm of bfloat16 rows in float32, compiled for this processor: torch's takes three times as long.

Source: Ba et al. 2016, "Layer Normalization" (arXiv 1607.06450).
"""

from functools import cache, partial
from typing import Any

from data_engine.embedding.vector_code import (
    ADDRESS,
    FLOATS,
    LONG,
    VALUES,
    VECTOR_BYTES,
    Compiled,
    VectorCode,
    floats,
    long,
)


@cache
def norm_kernel(dim: int, eps: float) -> Compiled:
    """norm(rows, weight, bias, normed, n_rows): addresses of arrays, and their number of rows.

    rows: (n_rows, dim) bfloat16; dim is a multiple of VALUES.
    weight, bias: (dim,) float32.
    normed: (n_rows, dim) bfloat16, written: (row - its mean) / sqrt(its variance + eps) * weight + bias.
    """
    code = _NormCode("norm", [ADDRESS, ADDRESS, ADDRESS, ADDRESS, LONG])
    rows, weight, bias, normed, n_rows = code.function.args
    n_blocks, share, nothing = long(dim // VALUES), floats(1 / dim), [floats(0.0)] * 2

    def norm(number: Any) -> None:
        row, target = (code.nth(array, number, 2 * dim) for array in (rows, normed))
        sums = code.repeat(n_blocks, partial(code.sums, row), nothing)
        mean = code.fmul(code.over_lanes(code.fadd, code.fadd(*sums)), share)
        squares = code.repeat(n_blocks, partial(code.squares, row, mean), nothing)
        variance = code.fmul(code.over_lanes(code.fadd, code.fadd(*squares)), share)
        scale = code.fdiv(floats(1.0), code.root(code.fadd(variance, floats(eps))))
        code.repeat(n_blocks, partial(code.write, row, mean, scale, weight, bias, target))

    code.repeat(n_rows, norm)
    return code.compiled()


class _NormCode(VectorCode):
    """What is done with each block of VALUES values of a row."""

    def sums(self, row: Any, block: Any, *sums: Any) -> list[Any]:
        return [self.fadd(total, value) for total, value in zip(sums, self._values(row, block), strict=True)]

    def squares(self, row: Any, mean: Any, block: Any, *sums: Any) -> list[Any]:
        moved = [self.fsub(value, mean) for value in self._values(row, block)]
        return [self.fused(value, value, total) for total, value in zip(sums, moved, strict=True)]

    def write(self, row: Any, mean: Any, scale: Any, weight: Any, bias: Any, target: Any, block: Any) -> None:
        values = [self.fmul(self.fsub(value, mean), scale) for value in self._values(row, block)]
        for i, value in enumerate(values):
            place = self.add(self.mul(block, long(2 * VECTOR_BYTES)), long(i * VECTOR_BYTES))
            factor, added = (self.vector(FLOATS, self.at(array, place)) for array in (weight, bias))
            values[i] = self.fused(value, factor, added)
        self.keep(self.rounded(*values), self.nth(target, block, VECTOR_BYTES))

    def _values(self, row: Any, block: Any) -> tuple[Any, Any]:
        return self.widened(self.nth(row, block, VECTOR_BYTES))
