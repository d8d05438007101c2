"""Reads the web pages that `first_pass.page_content` names, and learns from them which lines are content.

When that is done, and the other examples of a corpus, are in `junk_examples.py`.
"""

import json
import unicodedata
from typing import TYPE_CHECKING

from data_engine.errors import InvalidInput, SourceError
from data_engine.indexing.source import Batches, Source
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.filtering import LineClassifier
    from data_engine.indexing import SourceFile


def page_example_files(runtime: CorpusRuntime) -> "list[SourceFile]":
    """The file of the examples, or those of a folder; empty where the corpus has none.

    Raises: SourceMissing when the file is not there; SourceError when its place cannot be listed.
    """
    from data_engine import indexing

    page_content = runtime.corpus.first_pass.page_content
    if page_content is None:
        return []
    source = Source(kind="jsonl", path=page_content.examples)
    return [
        file for files in indexing.list_batches(source, Batches(), runtime.project_folder).values() for file in files
    ]


def fit_lines(runtime: CorpusRuntime) -> "LineClassifier":
    """The classifier of lines, learnt from the examples.

    Raises: InvalidInput as `page_of` does; NotEnoughData for too few pages; SourceError for a file that breaks off.
    """
    from data_engine import filtering
    from data_engine.filtering import marked_lines

    pages = [marked_lines(*page) for file in page_example_files(runtime) for page in _pages_of(file)]
    return filtering.fit_line_classifier(
        [lines for lines, _ in pages], [marks for _, marks in pages], seed=runtime.corpus.seed_for("page_content")
    )


def _pages_of(file: "SourceFile") -> list[tuple[str, list[int]]]:
    from data_engine.indexing import open_file

    try:
        with open_file(file.path) as stream:
            rows = stream.read().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"the examples {file.path} cannot be read ({error}); repair the file") from error
    return [page_of(row, f"{file.path} line {number}") for number, row in enumerate(rows, start=1) if row.strip()]


def page_of(row: str, where: str) -> tuple[str, list[int]]:
    """The text of an example, as the raw index stores texts, and the numbers of its lines that are content.

    Raises: InvalidInput for a row of another form, and for a number that is no line of the page.
    """
    try:
        found = json.loads(row)
    except ValueError as error:
        raise InvalidInput(f"{where} is not JSON ({error}); {_FORM}") from error
    text, content = (found.get(name) for name in ("text", "content")) if isinstance(found, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(content, list) or not all(type(n) is int for n in content):
        raise InvalidInput(f"{where} is no page; {_FORM}")
    page = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    n_lines = page.count("\n") + 1
    outside = [number for number in content if not 1 <= number <= n_lines]
    if outside:
        raise InvalidInput(f"{where} names line {outside[0]} of a page of {n_lines}; number its lines from 1")
    return page, content


_FORM = 'write one page a row: {"text": "Home\\n\\nThe cat sat.", "content": [3]}'
