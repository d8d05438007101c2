"""Exports of releases, of every format: the same bytes, all or nothing, and clear words where a format does not fit."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from released_folders import bytes_below, image_release, sound_release, text_release, tile_release

from data_engine.errors import InvalidInput, StorageError
from data_engine.modalities import find_modality
from data_engine.release_formats.registry import FOLDER_FORMATS, FORMATS
from data_engine.releasing.exporting import export_release, read_released, rows_of_folder, type_of_column

ON_A_MAP = ("geojson", "geoparquet")
EVERY = {**FORMATS, **FOLDER_FORMATS}


def _release_for(form: str) -> Callable[..., Path]:
    """What makes a release that fits a format."""
    return image_release if form in (*FORMATS, *find_modality("image").formats) else sound_release


@pytest.mark.parametrize("form", EVERY)
def test_the_same_release_gives_the_same_bytes_and_is_read_by_the_lines_of_its_format(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = [json.dumps({"size": [1, 1], "objects": []})] * 4
    more = {"objects": objects, "label": [None] * 4} if form == "masks" else {}
    release = tile_release(tmp_path / "r") if form in ON_A_MAP else _release_for(form)(tmp_path / "r", **more)
    before = bytes_below(release)
    one, other = (export_release(release, form, tmp_path / name) for name in ("one", "other"))
    assert bytes_below(one) == bytes_below(other)
    assert bytes_below(release) == before
    monkeypatch.chdir(one)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    known: dict[str, object] = {}
    exec(EVERY[form].load, known)
    assert known["samples"] is not None


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_read_of_a_release_is_what_its_format_wrote(form: str, tmp_path: Path) -> None:
    wanted = rows_of_folder(text_release(tmp_path / "parquet"))
    assert rows_of_folder(text_release(tmp_path / form, formats=(form,))).to_pylist() == wanted.to_pylist()
    assert rows_of_folder(text_release(tmp_path / form, formats=(form,))).schema.types == wanted.schema.types


@pytest.mark.parametrize("form", [name for name in FOLDER_FORMATS if name not in find_modality("text").formats])
def test_a_format_of_media_refuses_texts_and_says_what_fits(form: str, tmp_path: Path) -> None:
    told = (
        f"holds texts, but {form} is a format of (images|sounds|tiles); take one of parquet, jsonl, csv, hf, webdataset"
    )
    with pytest.raises(InvalidInput, match=told):
        export_release(text_release(tmp_path / "r"), form, tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("form", [name for name, each in FOLDER_FORMATS.items() if each.needs_labels])
def test_a_format_of_classes_refuses_a_release_without_labels(form: str, tmp_path: Path) -> None:
    make = _release_for(form)
    empty = [None] * (4 if make is image_release else 3)
    release = make(tmp_path / "r", label=empty, provenance=empty, posterior=empty, quality=empty)
    with pytest.raises(InvalidInput, match=f"has no labels, but {form} needs a class for each sample; take one of"):
        export_release(release, form, tmp_path / "to")


def test_a_format_that_is_unknown_and_a_folder_with_something_in_it_are_refused(tmp_path: Path) -> None:
    release = text_release(tmp_path / "r")
    with pytest.raises(InvalidInput, match="format is 'excel'; it must be one of parquet, jsonl, csv, hf, webdataset"):
        export_release(release, "excel", tmp_path / "to")
    with pytest.raises(InvalidInput, match="is not empty; give a folder that is new or empty"):
        export_release(release, "csv", release)
    (tmp_path / "empty").mkdir()
    assert [path.name for path in export_release(release, "csv", tmp_path / "empty").iterdir()] == ["data.csv"]


def test_a_damaged_release_is_not_exported(tmp_path: Path) -> None:
    release = image_release(tmp_path / "r")
    image = next((release / "images").iterdir())
    image.write_bytes(b"other")
    with pytest.raises(StorageError, match=r"is not the sample that its name is the hash of; restore it from a backup"):
        export_release(release, "hf", tmp_path / "to")


def test_a_question_that_a_release_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the release has no question 'mood'; it has one question without a name"):
        read_released(text_release(tmp_path / "r"), question="mood")


def test_columns_of_a_question_have_the_types_of_those_without() -> None:
    assert [str(type_of_column(name)) for name in ("leaf", "mood_posterior", "mood_label", "other")] == [
        "int32",
        "float",
        "string",
        "string",
    ]
