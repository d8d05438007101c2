import json
from hashlib import sha256
from pathlib import Path

import datasets
import pytest
import yaml
from released_folders import SIZES, image_release

from data_engine.release_formats.image_folders import folder_of, folders_of
from data_engine.releasing.exporting import export_release


def _hash(label: str) -> str:
    return sha256(label.encode()).hexdigest()[:8]


SPLITS = ["train", "train", "validation", "test"]


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("plain", "plain"),
        ("dog/wolf", "dog%2Fwolf"),
        ("..", "%2E%2E"),
        ("a:b?", "a%3Ab%3F"),
        ("50%", "50%25"),
        ("", "%"),
        ("Ü x", "Ü x"),
        ("conifer", "conifer"),
        ("Con", f"Con~{_hash('Con')}"),
        ("aux.h", f"aux.h~{_hash('aux.h')}"),
        ("日本" * 200, "日本" * 33 + f"~{_hash('日本' * 200)}"),
    ],
)
def test_a_class_has_a_folder_on_every_system(label: str, folder: str) -> None:
    assert folder_of(label) == folder
    assert len(folder.encode()) <= 255


def test_classes_that_a_file_system_may_take_for_one_have_folders_of_their_own() -> None:
    assert folders_of(["cat", "Cat", "dog"]) == {
        "cat": f"cat~{_hash('cat')}",
        "Cat": f"Cat~{_hash('Cat')}",
        "dog": "dog",
    }
    composed, apart = "\u00e9", "e\u0301"
    assert folders_of([composed, apart]) == {each: f"{each}~{_hash(each)}" for each in (composed, apart)}


def test_a_class_with_a_name_of_600_letters_has_images_and_its_name_beside(tmp_path: Path) -> None:
    long = ["x" * 600, "x" * 601, "b", "b"]
    folder = export_release(image_release(tmp_path / "r", label=long), "imagefolder", tmp_path / "to")
    names = json.loads((folder / "classes.json").read_text("utf-8"))
    found = {names[path.parent.name]: path.stem for path in folder.rglob("*.png")}
    assert set(found) == set(long)


@pytest.mark.parametrize("form", ["imagefolder", "yolo"])
def test_datasets_reads_the_images_with_their_classes_and_splits(form: str, tmp_path: Path) -> None:
    folder = export_release(image_release(tmp_path / "r", split=SPLITS), form, tmp_path / "to")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    found = {
        split: sorted((one["image"].size, names[one["label"]]) for one in rows)
        for split, rows in loaded.items()
        for names in [rows.features["label"].names]
    }
    sizes = list(SIZES)
    assert found == {
        "train": sorted([(sizes[0], "cat"), (sizes[1], "dog%2Fwolf")]),
        "validation": [(sizes[2], "cat")],
        "test": [(sizes[3], "dog%2Fwolf")],
    }


def test_yolo_is_told_its_splits_and_classes(tmp_path: Path) -> None:
    folder = export_release(image_release(tmp_path / "r", split=SPLITS), "yolo", tmp_path / "to")
    assert yaml.safe_load((folder / "data.yaml").read_text("utf-8")) == {
        "path": ".",
        "train": "train",
        "val": "val",
        "test": "test",
        "nc": 2,
        "names": {0: "cat", 1: "dog/wolf"},
    }


def test_a_split_that_lost_all_its_images_is_left_out_and_odd_names_of_classes_come_back(tmp_path: Path) -> None:
    labels = ["Katze 猫/Ü", "été", "Katze 猫/Ü", "c++: *?"]
    release = image_release(tmp_path / "r", label=labels, split=["train", "train", "test", "test"])
    folder = export_release(release, "imagefolder", tmp_path / "to")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    named = json.loads((folder / "classes.json").read_text("utf-8"))
    found = [
        named[rows.features["label"].int2str(label)]
        for split in ("train", "test")
        for rows in [loaded[split]]
        for label in rows["label"]
    ]
    assert (sorted(loaded), sorted(found)) == (["test", "train"], sorted(labels))
