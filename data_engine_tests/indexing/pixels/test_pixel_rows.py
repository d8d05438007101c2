import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from data_engine.errors import SourceError
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.pixels.pixel_rows import pixel_contents
from data_engine.indexing.source import Batches, Source


def index(source: Source, root: Path) -> list[dict[str, Any]]:
    files = [file for batch in list_batches(source, Batches(), root).values() for file in batch]
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="image").to_pylist()
    return rows


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
        assert Contents(source, tmp_path, "image").read(rows[0]) == b"P5\n3 2\n255\n" + bytes([0, 255, 7, 8, 1, 2])


def test_pixel_rows_of_another_shape_are_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("pixel1,pixel2,label\n1,2,x\n", "utf-8")
    with pytest.raises(SourceError, match=r"line 1 has 3 values.*set source.pixel_shape, or remove the header"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(2, 2)), tmp_path)
    with pytest.raises(SourceError, match="line 1 holds a pixel that is not a number"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2)), tmp_path)
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"1,2,x\n")[:-9])
    with pytest.raises(SourceError, match=r"a\.csv cannot be read"):
        index(Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2)), tmp_path)


def test_lines_without_an_image_are_left_out_when_a_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2,x\n1,y\n\n3,4,z\n", "utf-8")
    source = Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2))
    assert pixel_contents(tmp_path / "a.csv", source) == {
        1: b"P5\n2 1\n255\n\x01\x02",
        4: b"P5\n2 1\n255\n\x03\x04",
    }


def test_a_line_above_the_limit_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2,x\n1,2,a label that is long\n", "utf-8")
    source = Source(kind="pixel_rows", path=str(tmp_path / "a.csv"), pixel_shape=(1, 2), max_sample_bytes=10)
    errors = [row["error"] for row in index(source, tmp_path)]
    assert errors == [None, "line 2 has 25 bytes, more than max_sample_bytes"]
