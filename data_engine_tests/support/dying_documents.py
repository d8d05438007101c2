"""A reader of documents that dies of every second part of a file."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from data_engine.indexing.documents import formats
from data_engine.indexing.documents.parts import Part


def read_parts(path: Path, name: str, max_bytes: int, start_after: int) -> Iterator[Part]:
    """As `formats.read_parts` does, up to the second part."""
    for number, part in enumerate(formats.read_parts(path, name, max_bytes, start_after), start=start_after + 1):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        yield part
