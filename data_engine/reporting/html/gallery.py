"""Images of samples on a page: thumbnails and montages as data within it, as many as keep the page light.

Samples as text are in `data_engine.reporting.sample_text`.
"""

import base64
from collections.abc import Iterable, Sequence

import pyarrow as pa

from data_engine.images import montage, reduced

_MONTAGE_COLUMNS = 8
_MONTAGE_CELL_PX = 56


class Gallery:
    """The thumbnails of a corpus of images; of texts it has none, and gives empty words for every sample."""

    def __init__(self, raw_index: pa.Table | None, *, most_bytes: int, side_px: int = 128) -> None:
        """Nothing is copied.

        Args:
            raw_index: columns sample_id and thumbnail; None where there is none yet.
            most_bytes: thumbnails of this size in all are given; after them, none.
            side_px: no side of a thumbnail that is given is longer, in pixels.
        """
        has_any = raw_index is not None and "thumbnail" in raw_index.column_names
        column = raw_index["thumbnail"] if has_any and raw_index is not None else pa.chunked_array([], pa.binary())
        self._thumbnails = column if column.null_count < len(column) else pa.chunked_array([], pa.binary())
        ids = raw_index["sample_id"].to_pylist() if raw_index is not None and len(self._thumbnails) else []
        self._row_of = {sample_id: row for row, sample_id in enumerate(ids)}
        self._left = most_bytes
        self._side_px = side_px

    def thumbnail(self, sample_id: str) -> str:
        """A data URI; empty for a sample without a thumbnail, and once the page has enough of them."""
        for content in self._found([sample_id]):
            small = reduced(content, self._side_px)
            if len(small) <= self._left:
                self._left -= len(small)
                return _uri(small)
        return ""

    def montage(self, sample_ids: Sequence[str]) -> str:
        """A data URI of several thumbnails side by side; empty where none of the samples has one."""
        found = list(self._found(sample_ids))
        return _uri(montage(found, n_columns=_MONTAGE_COLUMNS, cell_px=_MONTAGE_CELL_PX)) if found else ""

    def _found(self, sample_ids: Iterable[str]) -> Iterable[bytes]:
        for sample_id in sample_ids:
            row = self._row_of.get(sample_id)
            content = None if row is None else self._thumbnails[row].as_py()
            if content:
                yield content


def _uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
