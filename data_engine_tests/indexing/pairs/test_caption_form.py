import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engine.errors import SourceError
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.pairs.caption_form import id_of_pair
from data_engine.indexing.source import Batches, Source


def _png(shade: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (20, 18), shade).save(written, "PNG")
    return written.getvalue()


def _tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _read(source: Source, folder: Path) -> list[dict[str, Any]]:
    (files,) = list_batches(source, Batches(), folder).values()
    return list(read_batch(source, files, batch="b", modality="image_text").to_pylist())


def test_a_caption_of_an_archive_is_a_text_file_or_a_column_and_the_image_is_found_again(tmp_path: Path) -> None:
    members = {
        "a.png": _png(9),
        "a.txt": b"a dark square",
        "b.png": _png(200),
        "b.json": json.dumps({"caption": "a bright square", "licence": "CC0"}).encode(),
        "c.png": _png(50),
        "d.txt": b"no image",
    }
    _tar(tmp_path / "pairs.tar", members)
    source = Source(kind="webdataset", path=str(tmp_path), text_column="caption", id_column="__key__")
    first, second, third, fourth = _read(source, tmp_path)
    assert (first["text"], first["source_id"], first["width_px"], first["metadata"]) == ("a dark square", "a", 20, "{}")
    assert first["sample_id"] == id_of_pair(_png(9), "a dark square")
    assert (second["text"], json.loads(second["metadata"])) == ("a bright square", {"licence": "CC0"})
    assert "is a text (.txt, .caption, or in .json)" in third["error"]
    assert "none of its members (.txt) is a pair" in fourth["error"]
    assert Contents(source, tmp_path, "image_text").read(second) == _png(200)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_rows_name_their_image_and_hold_their_caption(kind: str, tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(_png(7))
    rows = {
        "jsonl": '{"file": "1.png", "text": "one"}\n{"file": "1.png", "text": "other"}\n'
        '{"file": "1.png", "text": null}\n{"file": "2.png", "text": "gone"}\n',
        "csv": "file,text\n1.png,one\n1.png,other\n1.png,\n2.png,gone\n",
    }[kind]
    (tmp_path / f"rows.{kind}").write_text(rows, "utf-8")
    source = Source(kind=kind, path=str(tmp_path), pattern=f"*.{kind}", path_column="file")
    one, other, empty, gone = _read(source, tmp_path)
    assert [row["text"] for row in (one, other, empty, gone)] == ["one", "other", "", None]
    assert len({row["sample_id"] for row in (one, other, empty)}) == 3
    assert json.loads(one["metadata"]) == {"file": "1.png"}
    assert "which is not beside" in gone["error"]


def test_rows_without_a_column_of_images_are_refused_with_the_option_that_lacks(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "one"}\n', "utf-8")
    with pytest.raises(SourceError, match="has rows of pairs; name the column that holds their paths in path_column"):
        _read(Source(kind="jsonl", path=str(tmp_path)), tmp_path)
