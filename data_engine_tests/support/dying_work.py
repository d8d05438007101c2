"""Work for the process that reads, which dies, hangs or takes all memory where its input says so."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

from data_engine.indexing.columnar.column_files import read_parquet
from data_engine.indexing.columnar.rows import Row
from data_engine.indexing.isolation.seen_images import SeenImage, see_images
from data_engine.indexing.source_files import ReadOptions, SourceFile


def _obey(word: object) -> None:
    if word in ("crash", b"crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if word in ("hang", b"hang"):
        time.sleep(1000)
    if word in ("swell", b"swell"):
        _ = bytes(4 << 30)
    if word == "refuse":
        raise ValueError("refused")
    if word == "leave":
        os._exit(3)


def obey(words: Sequence[str]) -> Iterator[str]:
    """The words as they come; some of them are obeyed."""
    for word in words:
        _obey(word)
        yield word


def process_id() -> Iterator[int]:
    """The process in which it runs."""
    yield os.getpid()


def see_or_obey(contents: Sequence[bytes], max_pixels: int, n_threads: int | None) -> Iterator[SeenImage]:
    """Images as they are seen; contents that are words are obeyed."""
    for content in contents:
        _obey(content)
        yield from see_images([content], max_pixels, n_threads)


def parquet_or_obey(file: SourceFile, source: ReadOptions, wanted: list[str], at_a_time: Any) -> Iterator[Row]:
    """The rows of a Parquet file; texts that are words are obeyed, with the others of their piece."""
    for row in list(read_parquet(file, source, wanted, at_a_time)):
        _obey((row.columns or {}).get("text"))
        yield row
