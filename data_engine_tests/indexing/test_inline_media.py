import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engine.errors import ContentMissing
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.inline_media import embedded, place_of_image
from data_engine.indexing.source import Batches, Source


def read(path: Path, content: bytes, modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    path.write_bytes(content)
    source = Source(kind=path.suffix[1:], path=str(path), **settings)
    (files,) = list_batches(source, Batches(), path.parent).values()
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality=modality).to_pylist()
    return rows


def test_an_image_is_the_bytes_of_its_struct_or_else_its_path() -> None:
    assert embedded({"bytes": b"PNG", "path": "1.png"}) == b"PNG"
    assert embedded({"bytes": None, "path": "1.png"}) == "1.png"
    assert embedded({"bytes": b"PNG"}) == {"bytes": b"PNG"}
    assert embedded("1.png") == "1.png"


@pytest.mark.parametrize(
    ("table", "path", "place"),
    [
        ("a.jsonl", "1.png", "1.png"),
        ("tables/a.jsonl", "1.png", "tables/1.png"),
        ("tables/a.jsonl", "./../images//1.png", "images/1.png"),
    ],
)
def test_a_path_in_a_row_starts_at_the_folder_of_its_file(table: str, path: str, place: str) -> None:
    assert place_of_image(table, path) == place


@pytest.mark.parametrize(
    "path", ["../private.png", "/{}/private.png", "sub/../../../private.png", "file:///{}", "~/p.png"]
)
def test_a_row_cannot_name_a_image_outside_the_source(tmp_path: Path, path: str) -> None:
    Image.new("L", (4, 3)).save(tmp_path / "private.png")
    source = tmp_path / "source"
    source.mkdir()
    named = path.format(str(tmp_path).lstrip("/"))
    line = json.dumps({"file": named}).encode()
    (row,) = read(source / "a.jsonl", line, modality="image", path_column="file")
    assert row["error"].startswith(f"row 1: file {named!r} leads out of the source; let source.path name a folder")
    contents = Contents(Source(kind="jsonl", path=str(source), path_column="file"), source, "image")
    with pytest.raises(ContentMissing, match="leads out of the source"):
        contents.read(row | {"metadata": line.decode()})


def test_a_row_can_name_a_image_in_another_folder_of_the_source(tmp_path: Path) -> None:
    for folder in ("tables", "images"):
        (tmp_path / folder).mkdir()
    Image.new("L", (4, 3)).save(tmp_path / "images" / "1.png")
    (tmp_path / "tables" / "a.jsonl").write_text('{"file": "../images/1.png"}', "utf-8")
    source = Source(kind="jsonl", path=str(tmp_path), pattern="**/*.jsonl", path_column="file")
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (row,) = read_batch(source, files, batch="b", modality="image").to_pylist()
    assert row["width_px"] == 4
    assert Contents(source, tmp_path, "image").read(row) == (tmp_path / "images" / "1.png").read_bytes()
