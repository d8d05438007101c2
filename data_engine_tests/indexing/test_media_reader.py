import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engine.errors import ContentMissing, SourceError
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
    contents = Contents(source, tmp_path)
    assert [contents.read(row) for row in index(source, tmp_path)] == [second, first]
    single = Source(kind="folder", path=str(tmp_path / "2.png"))
    assert [Contents(single, tmp_path).read(row) for row in index(single, tmp_path)] == [second]


def test_the_bytes_of_a_image_that_a_table_names_come_back_by_its_row(tmp_path: Path) -> None:
    content = write_image(tmp_path / "images" / "1.png")
    (tmp_path / "table.jsonl").write_text(json.dumps({"file": "images/1.png", "topic": "x"}) + "\n", "utf-8")
    source = Source(kind="jsonl", path=str(tmp_path), pattern="*.jsonl", path_column="file")
    (row,) = index(source, tmp_path)
    assert row["uri"] == "table.jsonl#1"
    assert Contents(source, tmp_path).read(row) == content


def test_a_line_of_pixels_is_a_image_with_its_label(tmp_path: Path) -> None:
    lines = "0,255,7,8,1,2,five\n\n0,255,7,8,1,300,six\n0,1,seven\n9,9,9,9,9,9.0,8.0\n"
    for name, content in (("plain.csv", lines.encode()), ("packed.csv.gz", gzip.compress(lines.encode()))):
        source = Source(kind="pixel_rows", path=str(tmp_path / name), pixel_shape=(2, 3))
        (tmp_path / name).write_bytes(content)
        rows = index(source, tmp_path)
        assert [row["uri"].partition("#")[2] for row in rows] == ["1", "3", "4", "5"]
        assert [row["error"] for row in rows] == [
            None,
            "line 3 holds a pixel that is not a whole number from 0 to 255",
            "line 4 has 3 values, 2 x 3 pixels and a label make 7",
            None,
        ]
        assert [json.loads(rows[n]["metadata"])["label"] for n in (0, 3)] == ["five", "8"]
        assert (rows[0]["width_px"], rows[0]["height_px"]) == (3, 2)
        assert Contents(source, tmp_path).read(rows[0]) == b"P5\n3 2\n255\n" + bytes([0, 255, 7, 8, 1, 2])


def test_pixel_rows_of_another_shape_are_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("pixel1,pixel2,label\n1,2,x\n", "utf-8")
    with pytest.raises(SourceError, match=r"line 1 has 3 values.*set source.pixel_shape, or remove the header"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(2, 2)), tmp_path)
    with pytest.raises(SourceError, match="line 1 holds a pixel that is not a number"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2)), tmp_path)
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"1,2,x\n")[:-9])
    with pytest.raises(SourceError, match=r"a\.csv cannot be read"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2)), tmp_path)


def test_the_shape_goes_with_its_kind_only() -> None:
    with pytest.raises(ValueError, match="kind is pixel_rows and pixel_shape is None"):
        Source(kind="pixel_rows", path=".")
    with pytest.raises(ValueError, match=r"kind is folder and pixel_shape is \(2, 2\)"):
        Source(kind="folder", path=".", pixel_shape=(2, 2))


def test_a_image_that_is_gone_or_changed_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    source = Source(kind="folder", path=str(tmp_path))
    (row,) = index(source, tmp_path)
    write_image(tmp_path / "1.png", "blue")
    with pytest.raises(ContentMissing, match=r"image 1\.png has changed since it was indexed; ingest its batch anew"):
        Contents(source, tmp_path).read(row)
    (tmp_path / "1.png").unlink()
    with pytest.raises(ContentMissing, match=r"image 1\.png cannot be read again .*No such file.*put it back"):
        Contents(source, tmp_path).read(row)


def test_names_of_folders_become_columns(tmp_path: Path) -> None:
    write_image(tmp_path / "train" / "hat" / "1.png")
    write_image(tmp_path / "2.png", "blue")
    source = Source(kind="folder", path=str(tmp_path), uri_pattern="(?P<split>[^/]+)/(?P<kind>[^/]+)/")
    assert [json.loads(row["metadata"]) for row in index(source, tmp_path)] == [{}, {"split": "train", "kind": "hat"}]
    with pytest.raises(ValueError, match="names no group"):
        Source(kind="folder", path=".", uri_pattern="[^/]+")
    with pytest.raises(ValueError, match="is no regular expression"):
        Source(kind="folder", path=".", uri_pattern="(")
