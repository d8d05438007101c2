import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engine.errors import ContentMissing
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.source import Batches, Source


def index(source: Source, root: Path) -> list[dict[str, Any]]:
    files = [file for batch in list_batches(source, Batches(), root).values() for file in batch]
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="image").to_pylist()
    return rows


def write_image(path: Path, colour: str = "red") -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), colour).save(path)
    return path.read_bytes()


def test_the_bytes_of_a_file_come_back_by_its_row(tmp_path: Path) -> None:
    first, second = write_image(tmp_path / "a" / "1.png"), write_image(tmp_path / "2.png", "blue")
    source = Source(kind="folder", path=str(tmp_path))
    contents = Contents(source, tmp_path, "image")
    assert [contents.read(row) for row in index(source, tmp_path)] == [second, first]
    single = Source(kind="folder", path=str(tmp_path / "2.png"))
    assert [Contents(single, tmp_path, "image").read(row) for row in index(single, tmp_path)] == [second]


def test_the_bytes_of_a_image_that_a_table_names_come_back_by_its_row(tmp_path: Path) -> None:
    content = write_image(tmp_path / "images" / "1.png")
    (tmp_path / "table.jsonl").write_text(json.dumps({"file": "images/1.png", "topic": "x"}) + "\n", "utf-8")
    source = Source(kind="jsonl", path=str(tmp_path), pattern="*.jsonl", path_column="file")
    (row,) = index(source, tmp_path)
    assert row["uri"] == "table.jsonl#1"
    assert Contents(source, tmp_path, "image").read(row) == content


def test_a_image_that_is_gone_or_changed_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    source = Source(kind="folder", path=str(tmp_path))
    (row,) = index(source, tmp_path)
    write_image(tmp_path / "1.png", "blue")
    with pytest.raises(ContentMissing, match=r"image 1\.png has changed since it was indexed; ingest its batch anew"):
        Contents(source, tmp_path, "image").read(row)
    (tmp_path / "1.png").unlink()
    with pytest.raises(ContentMissing, match=r"image 1\.png cannot be read again .*No such file.*put it back"):
        Contents(source, tmp_path, "image").read(row)
