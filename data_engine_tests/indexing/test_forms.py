from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_engine.indexing.forms import MEDIA, TEXT
from data_engine.indexing.source import Source
from data_engine.indexing.source_files import SourceFile


@pytest.mark.parametrize(("form", "text", "content"), [(TEXT, "words", None), (MEDIA, None, b"words")])
def test_a_file_is_a_text_or_bytes_that_are_looked_at_later(
    form: object, text: str | None, content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words", "utf-8")
    file = SourceFile(uri="a.txt", path=path, n_bytes=5, modified_at=datetime(2026, 1, 1, tzinfo=UTC))
    (sample,) = form.of_file(file, Source(kind="folder", path=str(tmp_path)))  # type: ignore[attr-defined]
    assert (sample.text, sample.content) == (text, content)
