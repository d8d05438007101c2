"""Lines of JSONL and records of CSV files, streamed as bytes; nothing larger than a limit is ever held in memory.

Their columns become samples in `row_files.py`.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

import xxhash

from data_engine.indexing.text_decoding import byte_order_mark

_PIECE_BYTES = 1 << 16
_UP_TO_LINE_END = re.compile(r"[^\n]*\n|[^\n]+")
_QUOTE = ord('"')
_FIELD_START, _PLAIN, _QUOTED, _AFTER_QUOTE = range(4)


@dataclass(frozen=True)
class Record:
    """One line or record of a file, without its line end."""

    line: int
    """Number of its first line, from 1."""
    content: bytes | None
    """None when it is larger than the limit."""
    n_bytes: int
    digest: str
    """xxh3-128 of its bytes."""
    n_lines: int
    """Lines that it goes over."""
    is_closed: bool = True
    """False when the file ends within quotes."""


def read_lines(stream: BufferedReader, max_bytes: int) -> Iterator[Record]:
    """The lines of a file that is open in binary mode; UTF-16 and UTF-32 with a byte order mark become UTF-8."""
    return _records(stream, max_bytes, delimiter=None)


def read_csv_records(stream: BufferedReader, max_bytes: int, delimiter: str) -> Iterator[Record]:
    """The records of a CSV file; a record goes on over line ends that stand within quotes."""
    return _records(stream, max_bytes, delimiter=ord(delimiter))


def split_fields(record: str, delimiter: str) -> list[str]:
    """The fields of one CSV record. Doubled quotes within quotes stand for one; text after a closing quote is kept."""
    fields: list[str] = []
    position = 0
    while True:
        prefix = ""
        if record.startswith('"', position):
            prefix, position = _quoted_field(record, position + 1)
        end = record.find(delimiter, position)
        if end < 0:
            return [*fields, prefix + record[position:]]
        fields.append(prefix + record[position:end])
        position = end + 1


def _quoted_field(record: str, start: int) -> tuple[str, int]:
    """The content of a quoted field, and where the closing quote ends."""
    position = start
    while True:
        quote = record.find('"', position)
        if quote < 0:
            return record[start:].replace('""', '"'), len(record)
        if not record.startswith('"', quote + 1):
            return record[start:quote].replace('""', '"'), quote + 1
        position = quote + 2


def _records(stream: BufferedReader, max_bytes: int, delimiter: int | None) -> Iterator[Record]:
    content, n_bytes, digest = bytearray(), 0, xxhash.xxh3_128()
    line, first_line, state, is_line_end = 1, 1, _FIELD_START, True
    for piece in pieces_of(stream):
        digest.update(piece)
        n_bytes += len(piece)
        if n_bytes <= max_bytes + 3:
            content += piece
        is_line_end = piece.endswith(b"\n")
        line += is_line_end
        if delimiter is not None:
            state = _advance(state, piece, delimiter)
        if is_line_end and state != _QUOTED:
            yield _record(first_line, line - first_line, content, n_bytes, digest, max_bytes)
            content, n_bytes, digest = bytearray(), 0, xxhash.xxh3_128()
            first_line, state = line, _FIELD_START
    if n_bytes:
        n_lines = line - first_line + (not is_line_end)
        yield _record(first_line, n_lines, content, n_bytes, digest, max_bytes, is_closed=state != _QUOTED)


def _record(
    line: int,
    n_lines: int,
    content: bytearray,
    n_bytes: int,
    digest: xxhash.xxh3_128,
    max_bytes: int,
    *,
    is_closed: bool = True,
) -> Record:
    # Two carriage returns end a line where a program wrote line ends into a file that adds its own.
    kept = bytes(content.removesuffix(b"\n").rstrip(b"\r")) if len(content) == n_bytes else None
    if kept is not None and len(kept) > max_bytes:
        kept = None
    return Record(line, kept, n_bytes if kept is None else len(kept), digest.hexdigest(), n_lines, is_closed)


def _advance(state: int, piece: bytes, delimiter: int) -> int:
    """The state of a CSV parser after some more bytes of a record."""
    if state != _QUOTED and _QUOTE not in piece:
        return _PLAIN if piece[-1] != delimiter else _FIELD_START
    position = 0
    while position < len(piece):
        if state == _QUOTED:
            position = piece.find(_QUOTE, position) + 1
            if not position:
                return _QUOTED
            state = _AFTER_QUOTE
        elif state == _PLAIN:
            position = piece.find(delimiter, position) + 1
            if not position:
                return _PLAIN
            state = _FIELD_START
        elif piece[position] == _QUOTE:
            # At the start of a field it opens quotes; after a quote it is the second of a doubled one.
            state, position = _QUOTED, position + 1
        else:
            state = _PLAIN
    return state


def pieces_of(stream: BufferedReader) -> Iterator[bytes]:
    """The bytes of a file in UTF-8, in pieces that end at every line end and are bounded in size.

    In a file that starts with lines which end in a lone carriage return, each of those is given as a line feed.
    """
    length, encoding = byte_order_mark(stream.peek(4)[:4])
    stream.read(length)
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
    start = stream.peek(_PIECE_BYTES)
    by_returns = decoder is None and b"\r" in start[:-1] and b"\n" not in start
    while piece := stream.read(_PIECE_BYTES) if decoder or by_returns else stream.readline(_PIECE_BYTES):
        if decoder is not None:
            yield from (part.encode() for part in _UP_TO_LINE_END.findall(decoder.decode(piece)))
        elif by_returns:
            yield from piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True)
        else:
            yield piece
