"""Columns of texts as one array, also where they are longer than an array of strings can be."""

import pyarrow as pa
import pyarrow.compute as pc

#: Bytes of text that the offsets of an array of strings can count.
_MOST_BYTES = 2**31 - 1


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column of strings as one array: of strings, or of large strings from 67 million ids on.

    Arrow looks values of either kind up in the other.
    """
    n_bytes = pc.sum(pc.binary_length(column)).as_py() or 0
    return (column if n_bytes <= _MOST_BYTES else column.cast(pa.large_string())).combine_chunks()
