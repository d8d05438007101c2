"""One raw sample: its id, its form, its row of the raw index, and the table that the rows make.

Samples are read in `files.py`, `row_files.py`, `archives.py` and `pixels/`.
"""

import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from data_engine import schemas
from data_engine.errors.secret_texts import without_secrets
from data_engine.indexing.uris import named_apart, storable
from data_engine.modalities import find_modality, load

_ROWS_PER_PIECE = 8192
_BYTES_PER_PIECE = 64 << 20
_MAX_BINARY_METADATA_BYTES = 1024
UNKNOWN_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class RawSample:
    """A raw sample before its batch is known; `error` is set exactly when it is not readable."""

    sample_id: str
    uri: str
    n_bytes: int
    arrived_at: datetime
    media_type: str = UNKNOWN_MEDIA_TYPE
    source_id: str | None = None
    text: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    thumbnail: bytes | None = None
    content: bytes | None = field(default=None, repr=False)
    """The bytes of an image whose pixels have not been looked at yet."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    failed_on_the_way: bool = False
    """Whether it could not be read for a reason that may pass: a server that is down, a permission that lacks."""


@dataclass(frozen=True)
class SampleForm:
    """How the files, rows and members of archives of a source become samples of one modality.

    The forms there are stand in `forms.py`; a modality names its own in its declaration.
    """

    columns: tuple[str, ...]
    """The options of the source that name the columns of rows with the content."""
    of_file: Callable[[Any, Any], Iterator[RawSample]]
    """(file, options) to the sample of a file that is one."""
    of_row: Callable[[Any, Any, dict[str, Any], Any], RawSample]
    """(file, row, its columns, options) to the sample of a row that has all of `columns`."""
    id_of: "Callable[[bytes | None, str | None], str]"
    """(bytes, text) of a sample to its id."""
    of_members: Callable[..., RawSample | None]
    """(place, key, members, options, modality) to the sample of an archive's members of one name; None for one that
    `keep_where_any` does not ask for."""


def id_of(modality: str) -> "Callable[[bytes | None, str | None], str]":
    """What gives the id of a sample of a modality by its bytes and its text."""
    return form_of(modality).id_of


def form_of(modality: str) -> SampleForm:
    """The form of a modality."""
    form: SampleForm = load(find_modality(modality).form)
    return form


def normalise(text: str) -> str:
    """The text in NFC with `\\n` line ends and no white space around it: the form that is stored and hashed."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def sample_id_of_text(text: str) -> str:
    """xxh3-128 of the normalised text as 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(normalise(text).encode())


def sample_id_of_bytes(content: bytes) -> str:
    """xxh3-128 of the bytes as 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(content)


def to_table(samples: Iterable[RawSample], batch: str) -> pa.Table:
    """The raw index of a batch, rows sorted by uri."""
    table = pa.Table.from_batches(to_batches(samples, batch), schema=schemas.RAW_INDEX)
    return table.take(pc.sort_indices(table["uri"]))


def to_batches(samples: Iterable[RawSample], batch: str) -> Iterator[pa.RecordBatch]:
    """Rows of the raw index in the order of the samples, in batches that are bounded in rows and bytes."""
    return (
        pa.RecordBatch.from_pylist([_row(sample, batch) for sample in piece], schema=schemas.RAW_INDEX)
        for piece in _pieces(samples)
    )


def _pieces(samples: Iterable[RawSample]) -> Iterator[list[RawSample]]:
    """Samples in lists that are bounded in rows and bytes; an Arrow string column holds at most 2 GiB per piece."""
    piece: list[RawSample] = []
    n_bytes = 0
    for sample in samples:
        piece.append(sample)
        n_bytes += sample.n_bytes
        if len(piece) >= _ROWS_PER_PIECE or n_bytes >= _BYTES_PER_PIECE:
            yield piece
            piece, n_bytes = [], 0
    if piece:
        yield piece


def _row(sample: RawSample, batch: str) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "batch": batch,
        "uri": storable(sample.uri),
        "source_id": None if sample.source_id is None else storable(sample.source_id),
        "media_type": sample.media_type,
        "n_bytes": sample.n_bytes,
        "arrived_at": sample.arrived_at,
        "text": None if sample.text is None else storable(sample.text),
        "width_px": sample.width_px,
        "height_px": sample.height_px,
        "thumbnail": sample.thumbnail,
        "metadata": to_json(sample.metadata),
        "is_readable": sample.error is None,
        "error": None if sample.error is None else storable(without_secrets(sample.error)),
    }


def to_json(metadata: Mapping[str, Any]) -> str:
    """Metadata as one line of valid JSON: dates as ISO 8601, bytes as hex, NaN and infinity as null.

    A column that cannot be written (nested too deeply, a number of thousands of digits) is a text that says so.
    """
    if not metadata:
        return "{}"
    try:
        written = _dumped(metadata)
    except (TypeError, ValueError, RecursionError):
        written = _dumped(named_apart((str(name), _writable(value)) for name, value in metadata.items()))
    return written.encode("utf-8", "replace").decode()


def parse_json(text: str) -> Any:
    """The value of a JSON text, of which no key is lost: further ones of one name have a number behind it.

    Raises: ValueError or RecursionError where it is no JSON that can be read.
    """
    return _DECODER.decode(text)


def json_name(key: object) -> str:
    """The name that JSON gives to a key of another type."""
    return {True: "true", False: "false", None: "null"}[key] if key is None or isinstance(key, bool) else str(key)


_DECODER = json.JSONDecoder(object_pairs_hook=named_apart)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_as_json)


def _as_json(value: object) -> str:
    if isinstance(value, bytes):
        if len(value) > _MAX_BINARY_METADATA_BYTES:
            return f"<{len(value)} bytes>"
        return value.hex()
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value)


def _writable(value: Any) -> Any:
    """The value as JSON takes it, or why it cannot be written."""
    try:
        finite = _finite(value)
        _dumped(finite)
    except RecursionError:
        return "<not written: nested too deeply>"
    except (TypeError, ValueError) as error:
        return f"<not written: {error}>"
    return finite


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return named_apart((str(key), _finite(entry)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
