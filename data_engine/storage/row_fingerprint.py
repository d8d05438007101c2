"""The fingerprint of a table's rows: the same rows give the same hash, however Arrow happens to lay them out.

Fingerprints of code and settings are in `data_engine.runtime`.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

_Hashers = defaultdict[str, Any]


def data_version(table: pa.Table) -> str:
    """Fingerprint of the rows of a table.

    Chunking, slicing, dictionary encoding and 64-bit offsets do not change it; column names, column order, types,
    row order, nulls and values do.

    Args:
        table: Any number of rows, of any Arrow types but unions.

    Returns: xxh3-64 as 16 hex digits.
    """
    rows = RowFingerprint(table.schema)
    rows.add(table)
    return rows.value()


class RowFingerprint:
    """The fingerprint of rows that come one part after the other, the same as that of all of them in one table."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema, self._n_rows = schema, 0
        self._hashers: _Hashers = defaultdict(xxhash.xxh3_64)

    def add(self, rows: pa.Table) -> None:
        """Add the next rows, in the columns of the schema."""
        self._n_rows += rows.num_rows
        for position, column in enumerate(rows.columns):
            for chunk in column.chunks:
                _feed(self._hashers, f"{position}", plain(chunk))

    @property
    def n_rows(self) -> int:
        """Rows added so far."""
        return self._n_rows

    def value(self) -> str:
        """xxh3-64 of what was added so far, as 16 hex digits."""
        digest = xxhash.xxh3_64(str(self._n_rows).encode())
        for field in self._schema:
            digest.update(f"{field.name}\0{plain_type(field.type)}\0".encode())
        for path in sorted(path for path in self._hashers if self._hashers[path].digest() != _NOTHING):
            digest.update(path.encode() + self._hashers[path].digest())
        return str(digest.hexdigest())


_NOTHING = xxhash.xxh3_64().digest()


class _Twice:
    """Hashes what it is given and then all of it again, however many parts it came in.

    So the fingerprint of a column of maps has always been taken.
    """

    def __init__(self) -> None:
        self._hasher, self._all = xxhash.xxh3_64(), bytearray()

    def update(self, content: bytes) -> None:
        self._hasher.update(content)
        self._all += content

    def digest(self) -> bytes:
        again = self._hasher.copy()
        again.update(bytes(self._all))
        return again.digest()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The logical type behind an encoding: no dictionary, no view, no 64-bit offsets."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The same values in their plain type.

    Raises: pyarrow.ArrowInvalid when one array holds more than 2 GiB of text.
    """
    wanted = plain_type(column.type)
    return column if column.type == wanted else pc.cast(column, wanted)


def _feed(hashers: _Hashers, path: str, array: pa.Array) -> None:
    """Add one chunk to the hashers of its validity, its lengths and its bytes."""
    if pa.types.is_map(array.type) and f"{path}.valid" not in hashers:
        hashers[f"{path}.valid"] = _Twice()
    hashers[f"{path}.valid"].update(_bytes(array.is_valid()))
    if pa.types.is_map(array.type):
        array = pc.cast(array, pa.list_(pa.struct([array.type.key_field, array.type.item_field])))
    if pa.types.is_list(array.type):
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        hashers[f"{path}.length"].update(_bytes(lengths))
        _feed(hashers, f"{path}.item", array.flatten())
    elif pa.types.is_struct(array.type):
        for position in range(array.type.num_fields):
            _feed(hashers, f"{path}.{position}", pc.struct_field(array, position))
    elif pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        _feed_text(hashers, path, pc.fill_null(array, b"" if pa.types.is_binary(array.type) else ""))
    elif not pa.types.is_null(array.type):
        hashers[f"{path}.value"].update(_bytes(array))


def _feed_text(hashers: _Hashers, path: str, array: pa.Array) -> None:
    """Lengths and bytes of strings without nulls; the bytes of all rows lie side by side in one buffer."""
    hashers[f"{path}.length"].update(_bytes(pc.binary_length(array)))
    _, offsets_buffer, data = array.buffers()
    if data is None or len(array) == 0:
        return
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    hashers[f"{path}.value"].update(memoryview(data)[offsets[0] : offsets[-1]])


def _bytes(array: pa.Array) -> bytes:
    """The values of a fixed-width array; nulls count as zero, because validity is hashed beside them."""
    if pa.types.is_boolean(array.type):
        array = pc.cast(array, pa.uint8())
    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return b""
    width = array.type.bit_width // 8
    rows = np.frombuffer(data, dtype=np.uint8)[array.offset * width : (array.offset + len(array)) * width]
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        rows = np.where(valid[:, None], rows.reshape(-1, width), 0).astype(np.uint8)
    return rows.tobytes()
