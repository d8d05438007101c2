import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_engine.errors import SourceError
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.source import Batches, Source

_FEATURES = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": ["no", "yes"], "_type": "ClassLabel"}}


def save(folder: Path, table: pa.Table, features: Any = _FEATURES) -> None:
    """A folder as `datasets.Dataset.save_to_disk` writes it."""
    folder.mkdir(parents=True)
    described = json.dumps({"info": {"features": features}})
    table = table.replace_schema_metadata({"huggingface": described})
    for name in ("data-00000-of-00001.arrow", "cache-1234.arrow"):
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


def png(grey: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (2, 3), grey).save(written, "PNG")
    return written.getvalue()


def test_splits_are_batches_and_class_numbers_get_their_names(tmp_path: Path) -> None:
    save(tmp_path / "d" / "train", pa.table({"text": ["one", "two"], "label": [1, -1]}))
    save(tmp_path / "d" / "test", pa.table({"text": ["three"], "label": [0]}))
    (tmp_path / "d" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    source = Source(kind="huggingface", path=str(tmp_path / "d"))
    batches = list_batches(source, Batches(), tmp_path)
    rows = {
        batch: read_batch(source, files, batch=batch, modality="text").to_pylist() for batch, files in batches.items()
    }
    assert {batch: [(row["text"], row["metadata"]) for row in of_batch] for batch, of_batch in rows.items()} == {
        "test": [("three", '{"label": "no"}')],
        "train": [("one", '{"label": "yes"}'), ("two", '{"label": -1}')],
    }
    assert rows["train"][1]["uri"] == "train/data-00000-of-00001.arrow#2"


@pytest.mark.parametrize("kind", ["huggingface", "parquet"])
def test_images_within_rows_are_read_and_found_again(tmp_path: Path, kind: Any) -> None:
    table = pa.table({"image": [{"bytes": png(10), "path": None}, {"bytes": png(20), "path": "b.png"}], "n": [1, 2]})
    if kind == "parquet":
        (tmp_path / "d").mkdir()
        pq.write_table(table, tmp_path / "d" / "a.parquet")
    else:
        save(tmp_path / "d", table, features={})
    source = Source(kind=kind, path=str(tmp_path / "d"), path_column="image")
    (files,) = list_batches(source, Batches(), tmp_path).values()
    rows = read_batch(source, files, batch="b", modality="image").to_pylist()
    assert [(row["width_px"], json.loads(row["metadata"])) for row in rows] == [(2, {"n": 1}), (2, {"n": 2})]
    contents = Contents(source, tmp_path, "image")
    assert [contents.read(row) for row in rows] == [png(10), png(20)]


def test_a_file_that_is_no_saved_dataset_is_an_error_that_names_it(tmp_path: Path) -> None:
    save(tmp_path / "d", pa.table({"text": ["one"], "label": [1]}))
    (tmp_path / "d" / "data-00000-of-00001.arrow").write_bytes(b"junk" * 20)
    source = Source(kind="huggingface", path=str(tmp_path / "d"))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    with pytest.raises(SourceError, match=r"data-00000-of-00001\.arrow cannot be read as a saved dataset"):
        read_batch(source, files, batch="b", modality="text")


def test_a_saved_dataset_without_the_column_is_an_error_that_lists_what_it_has(tmp_path: Path) -> None:
    save(tmp_path / "d", pa.table({"body": ["one"]}))
    source = Source(kind="huggingface", path=str(tmp_path / "d"))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    with pytest.raises(SourceError, match="has no column 'text', it has 'body'"):
        read_batch(source, files, batch="b", modality="text")
