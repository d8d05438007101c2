import gc
import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import pytest
import webdataset
from released_folders import SIZES, TEXTS, image_release, text_release

from data_engine.release_formats import webdataset_shards
from data_engine.releasing.exporting import export_release


def _read(*shards: Path, decoded: str | None = None) -> list[dict[str, Any]]:
    # The library leaves it to the search for garbage to close the shards.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        found = webdataset.WebDataset([str(path) for path in shards], shardshuffle=False)
        samples = list(found.decode(decoded) if decoded else found.decode())
        del found
        gc.collect()
    return samples


def test_texts_come_back_with_the_number_of_their_class_and_their_row(tmp_path: Path) -> None:
    folder = export_release(text_release(tmp_path / "r"), "webdataset", tmp_path / "to")
    classes = json.loads((folder / "classes.json").read_text("utf-8"))
    found = _read(folder / "train-000000.tar")
    assert {one["txt"]: classes[one["cls"]] for one in found} == TEXTS
    assert all(one["json"]["sample_id"] == one["__key__"] and one["json"]["batch"] == "007" for one in found)


def test_images_come_back_as_images_by_split(tmp_path: Path) -> None:
    release = image_release(tmp_path / "r", split=["train", "test", "train", "train"])
    folder = export_release(release, "webdataset", tmp_path / "to")
    found = _read(folder / "train-000000.tar", folder / "test-000000.tar", decoded="pil")
    classes = json.loads((folder / "classes.json").read_text("utf-8"))
    assert {one["png"].size: classes[one["cls"]] for one in found} == SIZES
    assert len(_read(folder / "test-000000.tar")) == 1


def test_a_full_shard_is_followed_by_another_and_none_tells_when_or_by_whom_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webdataset_shards, "_SHARD_SAMPLES", 3)
    folder = export_release(text_release(tmp_path / "r"), "webdataset", tmp_path / "to")
    shards = sorted(folder.glob("*.tar"))
    assert [path.name for path in shards] == ["train-000000.tar", "train-000001.tar"]
    assert [len(_read(path)) for path in shards] == [3, 1]
    with tarfile.open(shards[0]) as tar:
        assert {(entry.mtime, entry.uid, entry.uname) for entry in tar} == {(0, 0, "")}
