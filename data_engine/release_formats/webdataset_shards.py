"""A release as WebDataset shards: TAR files in which the files of a sample share its id as their name.

The library is not needed to write it.
"""

import json
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.release_formats.jsonl import json_line
from data_engine.release_formats.released import Released

#: A shard ends with the sample that reaches one of these.
_SHARD_SAMPLES, _SHARD_BYTES = 10_000, 1_000_000_000
_ROWS_AT_ONCE = 5_000


def write(released: Released, folder: Path) -> None:
    """Write `<split>-<number>.tar` and `classes.json`.

    A sample is `<id>.json` (its row), `<id>.txt` or `<id>.<ending of the image>`, and `<id>.cls` where it has a label:
    the number of its class in `classes.json`. The TAR files hold no time and no owner.

    Raises: InvalidInput for an image that the release does not hold, or a value that JSON cannot hold.
    """
    number_of = {name: number for number, name in enumerate(released.classes)}
    for split, rows in released.by_split().items():
        shard = _Shard(folder, split)
        for row in _rows_of(rows):
            shard.add(list(_files(released, row, rows.schema, number_of)))
        shard.close()
    text = json.dumps(list(released.classes), ensure_ascii=False)
    (folder / "classes.json").write_text(text + "\n", "utf-8", newline="\n")


def _rows_of(rows: pa.Table) -> Iterator[dict[str, Any]]:
    for piece in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from piece.to_pylist()


def _files(
    released: Released, row: dict[str, Any], schema: pa.Schema, number_of: dict[str, int]
) -> Iterator[tuple[str, bytes]]:
    sample_id = row["sample_id"]
    if row.get(released.label_column) is not None:
        yield f"{sample_id}.cls", str(number_of[row[released.label_column]]).encode()
    if released.images:
        image = released.image_of(sample_id)
        yield f"{sample_id}{image.suffix}", image.read_bytes()
    yield f"{sample_id}.json", json_line(row, schema).encode()
    if row.get("text") is not None:
        yield f"{sample_id}.txt", row["text"].encode()


class _Shard:
    """The TAR file that samples go to, and the next one where it is full."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split, self._number = folder, split, 0
        self._n_samples, self._n_bytes = 0, 0
        self._open()

    def add(self, files: list[tuple[str, bytes]]) -> None:
        """Add the files of one sample."""
        if self._n_samples >= _SHARD_SAMPLES or self._n_bytes >= _SHARD_BYTES:
            self.close()
            self._number, self._n_samples, self._n_bytes = self._number + 1, 0, 0
            self._open()
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            self._tar.addfile(entry, BytesIO(content))
            self._n_bytes += len(content)
        self._n_samples += 1

    def close(self) -> None:
        """End the file."""
        self._tar.close()

    def _open(self) -> None:
        path = self._folder / f"{self._split}-{self._number:06d}.tar"
        self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
