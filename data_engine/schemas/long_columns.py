"""Columns of texts as one array, and some of their rows, also where they are longer than an array of strings can be."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Bytes of text that the offsets of an array of strings can count.
_MOST_BYTES = 2**31 - 1


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column of strings as one array: of strings, or of large strings from 67 million ids on.

    Arrow looks values of either kind up in the other.
    """
    return (column if _n_bytes(column) <= _MOST_BYTES else column.cast(pa.large_string())).combine_chunks()


def rows_taken(table: pa.Table, rows: NDArray[np.integer]) -> pa.Table:
    """Rows of a table by their numbers, in this order."""
    return pa.table([taken(column, rows) for column in table.columns], schema=table.schema)


def taken(column: pa.ChunkedArray, rows: NDArray[np.integer]) -> pa.ChunkedArray:
    """Values of a column by the numbers of their rows, in this order.

    Arrow takes from one array alone, so that it refuses strings that do not fit in one. Here they come in several.
    """
    numbers = pa.array(rows)
    if not pa.types.is_string(column.type):
        return column.take(numbers)
    # As many as fit in an array whichever they are.
    n = max(1, _MOST_BYTES // max(1, pc.max(pc.binary_length(column)).as_py() or 0))
    if _n_bytes(column) <= _MOST_BYTES and len(numbers) <= n:
        return column.take(numbers)
    whole = one_array(column)
    pieces = [whole.take(numbers[start : start + n]).cast(pa.string()) for start in range(0, len(numbers), n)]
    return pa.chunked_array(pieces, pa.string())


def _n_bytes(column: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.binary_length(column)).as_py() or 0)
