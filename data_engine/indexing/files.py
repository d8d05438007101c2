"""Sources with one sample per file: plain text, images, and text after a YAML header.

Sources with several samples per file are in `row_files.py`, `archives.py` and `pixels/`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from data_engine.indexing.isolation.reader_process import Limits
from data_engine.indexing.isolation.seen_images import SeenImage, see_each
from data_engine.indexing.opening.patience import failed_on_the_way
from data_engine.indexing.records.yaml_headers import parse_header
from data_engine.indexing.samples import UNKNOWN_MEDIA_TYPE, RawSample, normalise, sample_id_of_bytes
from data_engine.indexing.source_files import Find, ReadOptions, SourceFile, open_file
from data_engine.indexing.text_decoding import BINARY_CONTENT, decode
from data_engine.indexing.uris import path_of
from data_engine.schemas import BREAKS_OFF

if TYPE_CHECKING:
    from upath import UPath

_PIECE_BYTES = 1 << 20
_HEADER_END = re.compile(r"^---[ \t]*$", re.MULTILINE)
_TRUE_WORDS = frozenset({"true", "yes", "y", "t", "on", "1"})
_LOST = "what follows is lost"
VANISHED = "vanished between listing and reading"


def read_text_file(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The file as one text sample."""
    content = _content(file, source)
    yield content if isinstance(content, RawSample) else text_sample(file, content)


def read_front_matter(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The text below a YAML header; the header becomes metadata. Nothing when `keep_where_any` asks for another kind.

    A file without a header is text without metadata. A file with a header that cannot be read is an unreadable
    sample, whatever `keep_where_any` asks, because nobody can tell which kind it is.
    """
    content = _content(file, source)
    if isinstance(content, RawSample):
        yield content
        return
    decoded = decode(content)
    if decoded.text is None:
        yield text_sample(file, content)
        return
    split = _split_header(decoded.text.replace("\r\n", "\n").replace("\r", "\n"))
    if split is None:
        yield unreadable(file, content, "the header that `---` opens in line 1 is never closed by another `---`")
        return
    header, body = split
    # A header that does not even name a wanted column cannot hold it as true: most files are skipped unparsed.
    if source.keep_where_any and not any(name in header for name in source.keep_where_any):
        return
    metadata = parse_header(header)
    if isinstance(metadata, str):
        yield unreadable(file, content, metadata)
    elif is_wanted(metadata, source):
        source_id = metadata.pop(source.id_column, None) if source.id_column else None
        if decoded.encoding != "utf-8":
            metadata.setdefault("encoding", decoded.encoding)
        text = normalise(body)
        yield RawSample(
            sample_id=sample_id_of_bytes(text.encode()),
            uri=file.uri,
            n_bytes=len(body.encode()),
            arrived_at=file.modified_at,
            media_type="text/plain",
            source_id=None if source_id is None else str(source_id),
            text=text,
            metadata=metadata,
        )


def read_media(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The file as one sample of bytes, such as an image."""
    content = _content(file, source)
    yield content if isinstance(content, RawSample) else media_sample(file, content)


def find_in_folder(folder: "Path | UPath", options: ReadOptions) -> Find:
    """Reads a file below a folder again, by its uri."""

    def find(uri: str, _metadata: str) -> bytes:
        with open_file(path_of(folder, uri), options.patience) as stream:
            return stream.read()

    return find


def text_sample(file: SourceFile, content: bytes) -> RawSample:
    """A sample from the bytes of a text."""
    decoded = decode(content)
    if decoded.text is None:
        is_binary = decoded.error == BINARY_CONTENT
        media_type = UNKNOWN_MEDIA_TYPE if is_binary else "text/plain"
        return unreadable(file, content, str(decoded.error), media_type=media_type)
    text = normalise(decoded.text)
    return RawSample(
        sample_id=sample_id_of_bytes(text.encode()),
        uri=file.uri,
        n_bytes=len(content),
        arrived_at=file.modified_at,
        media_type="text/plain",
        text=text,
        metadata={} if decoded.encoding == "utf-8" else {"encoding": decoded.encoding},
    )


def media_sample(file: SourceFile, content: bytes) -> RawSample:
    """A sample of bytes, such as an image; nothing is known of what they hold before the look of its modality."""
    return RawSample(
        sample_id=sample_id_of_bytes(content),
        uri=file.uri,
        n_bytes=len(content),
        arrived_at=file.modified_at,
        content=content,
    )


def look_at_images(samples: Iterable[RawSample], options: ReadOptions) -> Iterator[RawSample]:
    """Image samples with type, size and thumbnail; those that cannot be decoded whole become unreadable.

    Raises: SourceError when a great many of them end the process that decodes them.
    """
    pending = ((sample, None if sample.error is not None else sample.content or b"") for sample in samples)
    limits = Limits(options.max_sample_s, options.max_reader_bytes)
    for sample, seen in see_each(pending, options.max_pixels, limits):
        yield sample if seen is None else _looked_at(sample, seen)


def _looked_at(sample: RawSample, seen: SeenImage) -> RawSample:
    known = replace(sample, content=None, media_type=seen.media_type)
    if seen.error is not None:
        return replace(known, error=seen.error)
    notes = {"image": dict(seen.notes)} if seen.notes else {}
    return replace(
        known,
        width_px=seen.width_px,
        height_px=seen.height_px,
        thumbnail=seen.thumbnail,
        metadata={**notes, **known.metadata},
    )


def unreadable(file: SourceFile, content: bytes, error: str, *, media_type: str = UNKNOWN_MEDIA_TYPE) -> RawSample:
    """A sample whose bytes are at hand and make no sense."""
    return RawSample(
        sample_id=sample_id_of_bytes(content),
        uri=file.uri,
        n_bytes=len(content),
        arrived_at=file.modified_at,
        media_type=media_type,
        error=error,
    )


def without_content(file: SourceFile, error: OSError) -> RawSample:
    """A sample whose bytes cannot be had; its id is the hash of its uri."""
    if isinstance(error, FileNotFoundError):
        reason = VANISHED
    elif isinstance(error, PermissionError):
        reason = "permission denied; grant read access to the file"
    else:
        reason = f"cannot be read: {error.strerror or error}"
    return replace(not_opened(file, reason), failed_on_the_way=failed_on_the_way(error))


def not_opened(file: SourceFile, reason: str) -> RawSample:
    """A sample without content, because of the reason; its id is the hash of its uri."""
    return RawSample(
        sample_id=sample_id_of_bytes(file.uri.encode()),
        uri=file.uri,
        n_bytes=file.n_bytes,
        arrived_at=file.modified_at,
        error=reason,
    )


def broken_off(file: SourceFile, last: str, why: object) -> RawSample:
    """An unreadable sample in place of all that a file held after `last`; its id is the hash of its uri."""
    may_pass = isinstance(why, OSError) and failed_on_the_way(why)
    remedy = "what follows is read by the next run" if may_pass else f"{_LOST}: repair the file or fetch it again"
    return replace(not_opened(file, f"{BREAKS_OFF} {last} ({why}); {remedy}"), failed_on_the_way=may_pass)


def is_wanted(metadata: Mapping[str, Any], source: ReadOptions) -> bool:
    """Whether at least one of the columns of `keep_where_any` is true; the words true, yes, y, t, on, 1 count."""
    if not source.keep_where_any:
        return True
    return any(_is_true(metadata.get(name)) for name in source.keep_where_any)


def _is_true(value: object) -> bool:
    return value.strip().lower() in _TRUE_WORDS if isinstance(value, str) else bool(value)


def _content(file: SourceFile, source: ReadOptions) -> bytes | RawSample:
    """The bytes of a file, or an unreadable sample when there are more than `max_sample_bytes` or none can be had."""
    max_bytes = source.max_sample_bytes
    try:
        with open_file(file.path, source.patience) as stream:
            content = stream.read(max_bytes + 1)
            if len(content) <= max_bytes:
                return content
            digest, n_bytes = xxhash.xxh3_128(content), len(content)
            while piece := stream.read(_PIECE_BYTES):
                digest.update(piece)
                n_bytes += len(piece)
    except OSError as error:
        return without_content(file, error)
    return RawSample(
        sample_id=digest.hexdigest(),
        uri=file.uri,
        n_bytes=n_bytes,
        arrived_at=file.modified_at,
        error=f"has {n_bytes} bytes, max_sample_bytes is {max_bytes}; split the file or raise max_sample_bytes",
    )


def _split_header(text: str) -> tuple[str, str] | None:
    """The YAML header without its `---` lines, empty where there is none, and the text below; None when not closed."""
    start = _HEADER_END.match(text)
    if start is None:
        return "", text
    end = _HEADER_END.search(text, start.end() + 1)
    return (text[start.end() + 1 : end.start()], text[end.end() :]) if end else None
