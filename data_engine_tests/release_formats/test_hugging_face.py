import json
from pathlib import Path

import datasets
import pytest
from released_folders import SIZES, TEXTS, image_release, sound_release, text_release, tile_release

from data_engine.release_formats import hugging_face
from data_engine.releasing.exporting import export_release, read_released


def _loaded(folder: Path, tmp_path: Path) -> datasets.DatasetDict:
    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def test_texts_come_back_by_split_with_their_classes_and_types(tmp_path: Path) -> None:
    release = text_release(tmp_path / "r", split=["train", "test", "train", "validation"])
    loaded = _loaded(export_release(release, "hf", tmp_path / "to"), tmp_path)
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "validation": 1, "test": 1}
    label = loaded["train"].features["label"]
    assert label.names == ["odd / label", "plain"]
    rows = [row for split in loaded.values() for row in split]
    assert {row["text"]: label.int2str(row["label"]) for row in rows} == TEXTS
    for row in rows:
        row["label"] = label.int2str(row["label"])
    wanted = read_released(release).rows.to_pylist()
    assert sorted(rows, key=lambda row: str(row["sample_id"])) == wanted


def test_images_come_back_as_images(tmp_path: Path) -> None:
    loaded = _loaded(export_release(image_release(tmp_path / "r"), "hf", tmp_path / "to"), tmp_path)["train"]
    names = loaded.features["label"].names
    assert {row["image"].size: names[row["label"]] for row in loaded} == SIZES


def test_sounds_come_back_as_sounds_with_the_bytes_of_their_files(tmp_path: Path) -> None:
    release = sound_release(tmp_path / "r")
    loaded = _loaded(export_release(release, "hf", tmp_path / "to"), tmp_path)["train"]
    assert isinstance(loaded.features["audio"], datasets.Audio)
    rows = loaded.cast_column("audio", datasets.Audio(decode=False))
    assert {row["audio"]["path"]: row["audio"]["bytes"] for row in rows} == {
        path.name: path.read_bytes() for path in (release / "images").iterdir()
    }


def test_files_that_the_library_cannot_decode_come_back_as_their_bytes(tmp_path: Path) -> None:
    release = tile_release(tmp_path / "r")
    loaded = _loaded(export_release(release, "hf", tmp_path / "to"), tmp_path)["train"]
    assert {row["file"]["path"]: row["file"]["bytes"] for row in loaded} == {
        path.name: path.read_bytes() for path in (release / "images").iterdir()
    }


def test_a_split_of_many_bytes_is_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hugging_face, "_FILE_BYTES", 150)
    monkeypatch.setattr(hugging_face, "_ROWS_AT_ONCE", 1)
    folder = export_release(image_release(tmp_path / "r"), "hf", tmp_path / "to")
    names = sorted(path.name for path in (folder / "data").iterdir())
    assert names == [f"train-{number:05d}-of-{len(names):05d}.parquet" for number in range(len(names))]
    assert len(names) > 1
    assert len(_loaded(folder, tmp_path)["train"]) == len(SIZES)


def test_of_several_questions_each_has_its_columns_and_one_is_the_class(tmp_path: Path) -> None:
    said = [{"mood": {"label": mood}, "topic": {"label": "sea"}} for mood in ("calm", "wild", None, "calm")]
    nothing = {"label": None, "provenance": None, "posterior": None, "quality": None}
    texts = [json.dumps({name: {**nothing, **each} for name, each in row.items()}) for row in said]
    empty = [None] * 4
    release = text_release(
        tmp_path / "r", labels_by_question=texts, label=empty, provenance=empty, posterior=empty, quality=empty
    )
    folder = export_release(release, "hf", tmp_path / "to", question="mood")
    loaded = _loaded(folder, tmp_path)["train"]
    assert loaded.features["mood_label"].names == ["calm", "wild"]
    assert loaded.features["topic_label"].dtype == "string"
    assert sorted(map(str, loaded["mood_label"])) == ["0", "0", "1", "None"]
