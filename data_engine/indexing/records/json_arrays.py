"""The objects of a JSON array, streamed as bytes; nothing larger than a limit is ever held in memory.

Lines with one object each are read in `indexing/line_records.py`.
"""

import re
from collections.abc import Iterable, Iterator
from io import BufferedReader

import xxhash

from data_engine.indexing.line_records import Record, pieces_of
from data_engine.indexing.text_decoding import byte_order_mark

_ARRAY_OF_OBJECTS = re.compile(r"\s*\[\s*(?:\{|\]\s*$|$)")
_MARKS = re.compile(rb'[\\"\[\]{},]')
_STRING_ENDS = re.compile(rb'[\\"]')
_SPACE = b" \t\r\n"


def is_json_array(stream: BufferedReader) -> bool:
    """Whether a file starts as an array of objects does, and no line of JSONL."""
    start = stream.peek(4096)[:4096]
    length, encoding = byte_order_mark(start)
    return _ARRAY_OF_OBJECTS.match(start[length:].decode(encoding, "ignore")) is not None


def read_json_arrays(stream: BufferedReader, max_bytes: int) -> Iterator[Record]:
    """The items of a JSON array, or of several one after the other, numbered from 1 over all.

    Raises: OSError when the file ends within an array, or something else stands between arrays.
    """
    reader = _Arrays(max_bytes)
    for piece in pieces_of(stream):
        yield from reader.read(piece)
    if reader.depth:
        raise OSError(f"the JSON array is not closed at the end of the file, after {reader.number:,} items")


class _Arrays:
    """Where a reader is in a file of arrays; depth 1 is between the items of one."""

    def __init__(self, max_bytes: int) -> None:
        self.depth, self.number = 0, 0
        self._is_text = self._is_escaped = False
        self._max_bytes = max_bytes
        self._begin()

    def read(self, piece: bytes) -> Iterator[Record]:
        """The items that end within the next bytes of the file."""
        position = 0
        for start, mark in self._marks(piece):
            if mark in b"[{":
                if not self.depth and (mark == b"{" or piece[position:start].strip(_SPACE)):
                    raise OSError(f"something stands outside the JSON array, after {self.number:,} items")
                self.depth += 1
                if self.depth == 1:
                    position = start + 1
            elif mark in b"]}":
                self.depth -= 1
                if self.depth == 0:
                    yield from self._end(piece[position:start], is_last=True)
                    position = start + 1
            elif self.depth == 1:
                yield from self._end(piece[position:start])
                position = start + 1
        if self.depth:
            self._add(piece[position:])
        elif piece[position:].strip(_SPACE):
            raise OSError(f"something stands outside the JSON array, after {self.number:,} items")

    def _marks(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Brackets and commas outside texts, with their places."""
        position = 1 if self._is_escaped else 0
        self._is_escaped = False
        while found := (_STRING_ENDS if self._is_text else _MARKS).search(piece, position):
            position = found.end()
            if found[0] == b'"':
                self._is_text = not self._is_text
            elif found[0] == b"\\":
                self._is_escaped = position == len(piece)
                position += 1
            elif self.depth < 0:
                raise OSError(f"a bracket closes that none opened, after {self.number:,} items")
            else:
                yield found.start(), found[0]

    def _begin(self) -> None:
        self._content, self._n_bytes, self._digest = bytearray(), 0, xxhash.xxh3_128()

    def _add(self, part: bytes) -> None:
        part = part if self._n_bytes else part.lstrip(_SPACE)
        self._digest.update(part)
        self._n_bytes += len(part)
        if self._n_bytes <= self._max_bytes + len(_SPACE):
            self._content += part

    def _end(self, part: bytes, *, is_last: bool = False) -> Iterable[Record]:
        self._add(part)
        content = bytes(self._content).rstrip(_SPACE) if len(self._content) == self._n_bytes else None
        digest, n_bytes = self._digest.hexdigest(), self._n_bytes
        self._begin()
        if is_last and not n_bytes:
            return ()
        self.number += 1
        if content is not None and len(content) > self._max_bytes:
            content = None
        return (Record(self.number, content, n_bytes if content is None else len(content), digest, 1),)
