import json
from pathlib import Path

from released_folders import SIZES, image_release, text_release

from data_engine.releasing import damage_of_release, read_manifest
from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.remaking import release_without


def test_a_release_without_a_sample_is_whole_and_says_what_it_was(tmp_path: Path) -> None:
    folder = image_release(tmp_path)
    gone = rows_of_folder(folder)["sample_id"][0].as_py()
    new = tmp_path / release_without(folder, [gone], at="2026-02-03")
    # The old one is deleted by whoever has marked the new one.
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([folder.name, new.name])
    manifest = read_manifest(new)
    assert list(damage_of_release(new, manifest)) == []
    assert (manifest["n_samples"], manifest["n_forgotten"]) == (len(SIZES) - 1, 1)
    assert manifest["made_anew"] == {"from": folder.name, "at": "2026-02-03"}
    assert not (new / "images" / f"{gone}.png").exists()
    assert f"is release `{folder.name}` without 1 sample that" in (new / "README.md").read_text("utf-8")


def test_splits_and_formats_stay(tmp_path: Path) -> None:
    folder = text_release(tmp_path, formats=("csv", "jsonl"), split=["train", "test", "train", "train"])
    rows = rows_of_folder(folder).to_pylist()
    new = tmp_path / release_without(folder, [rows[0]["sample_id"]], at="2026-02-03")
    split_of = {row["sample_id"]: row["split"] for row in rows_of_folder(new).to_pylist()}
    assert split_of == {row["sample_id"]: row["split"] for row in rows[1:]}
    assert sorted(json.loads((new / "manifest.json").read_text("utf-8"))["files"]) == [
        "README.md",
        "croissant.json",
        "data.csv",
        "data.jsonl",
    ]


def test_of_a_release_that_held_nothing_else_nothing_is_left(tmp_path: Path) -> None:
    folder = text_release(tmp_path)
    assert release_without(folder, rows_of_folder(folder)["sample_id"].to_pylist(), at="2026-02-03") == ""
    assert list(tmp_path.iterdir()) == [folder]
