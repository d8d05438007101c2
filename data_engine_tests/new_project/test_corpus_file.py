import re
from pathlib import Path

import pytest
import yaml
from drawn_scenes import noise, write_scene

from data_engine.errors import InvalidInput
from data_engine.new_project.corpus_file import add_corpus, corpus_text, said_of
from data_engine.new_project.data_look import look_at


def _data(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{number},some words about {number},{'yes' if number % 2 else 'no'}\n" for number in range(60))
    path.write_text("id,text,label\n" + rows, "utf-8")
    return path


def test_hard_names_are_quoted_and_the_file_that_is_written_can_be_loaded(tmp_path: Path) -> None:
    look = look_at(_data(tmp_path, "a: b #1\n'x'.csv"))
    text = corpus_text("notes", look, tmp_path)
    attributes = yaml.safe_load(text)["attributes"]
    assert attributes["source"]["path"] == "a: b #1\n'x'.csv"
    uncommented = re.sub(r"^  # (labels:|  question|  classes)", r"  \1", text, flags=re.MULTILINE)
    assert yaml.safe_load(uncommented)["attributes"]["labels"]["classes"] == ["no", "yes"]
    path = add_corpus("notes", look, project_folder=tmp_path, defs_folder=tmp_path / "defs")
    assert path.read_text("utf-8") == text
    assert "2 classes: no, yes" in said_of(look)


def test_a_path_outside_the_project_is_absolute_and_one_that_would_be_expanded_is_refused(tmp_path: Path) -> None:
    look = look_at(_data(tmp_path, "a.csv"))
    attributes = yaml.safe_load(corpus_text("notes", look, tmp_path / "project"))["attributes"]
    assert attributes["source"]["path"] == str(tmp_path / "a.csv")
    dollars = look_at(_data(tmp_path, "$HOME.csv"))
    with pytest.raises(InvalidInput, match="would be expanded; rename the file or folder"):
        add_corpus("notes", dollars, project_folder=tmp_path, defs_folder=tmp_path / "defs")
    assert not (tmp_path / "defs").exists()


def test_what_is_guessed_from_a_part_of_the_data_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("may.csv", "june.csv"):
        _data(folder, name)
    look = look_at(folder)
    assert look.is_estimate
    said = said_of(look)
    assert said[0].startswith("about 120 rows in 2 files")
    assert "columns, in the first 60 rows:" in said
    assert "# Guessed: a third of the about 120 samples, at most 2,000." in corpus_text("notes", look, tmp_path)
    whole = look_at(folder / "may.csv")
    assert "columns:" in said_of(whole) and "about" not in said_of(whole)[0]


def test_a_folder_of_scenes_is_cut_into_tiles_that_fit_and_each_scene_is_a_batch(tmp_path: Path) -> None:
    write_scene(tmp_path / "scenes" / "a.tif", noise(4, 64, 200))
    write_scene(tmp_path / "scenes" / "b.tif", noise(4, 80, 70))
    look = look_at(tmp_path / "scenes")
    assert (look.kind, look.modality, look.tile_px, look.n_samples) == ("raster_tiles", "raster", 64, 4 + 4)
    assert said_of(look)[0].startswith("8 tiles in 2 files")
    path = add_corpus("land", look, project_folder=tmp_path, defs_folder=tmp_path / "defs")
    attributes = yaml.safe_load(path.read_text("utf-8"))["attributes"]
    assert attributes["source"] == {"kind": "raster_tiles", "path": "scenes", "pattern": "**/*.tif", "tile_px": 64}
    assert (attributes["batches"], attributes["encoder"]) == ({"by": "file"}, "spectral-statistics")
