import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from released_folders import SIZES, image_release

from data_engine.errors import InvalidInput
from data_engine.releasing.exporting import export_release, lines_to_load
from data_engine.segmentation import encode_rle, to_mask
from data_engine.segmentation.formats import from_yolo
from data_engine.segmentation.masks import iou

SQUARE = [[1, 1], [5, 1], [5, 4], [1, 4]]
RING = [[[0, 0], [5, 0], [5, 5], [0, 5]], [[1, 1], [4, 1], [4, 4], [1, 4]]]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """An image with a square, one with a ring that has a hole, and two without objects."""
    said = []
    for (width, height), objects in zip(SIZES, ([("square", [SQUARE])], [("ring", RING)], [], []), strict=True):
        masks = [encode_rle(to_mask(polygons, (height, width))) for _, polygons in objects]
        found = [
            {"class": name, "polygons": polygons, "mask": mask}
            for (name, polygons), mask in zip(objects, masks, strict=True)
        ]
        said.append(json.dumps({"size": [height, width], "objects": found}))
    return image_release(tmp_path / "r", label=[None] * 4, objects=said)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_the_masks_that_were_drawn(release: Path, tmp_path: Path) -> None:
    folder = export_release(release, "coco", tmp_path / "to")
    coco = COCO(str(folder / "annotations" / "instances_train.json"))
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    found = {names[each["category_id"]]: each for each in coco.loadAnns(coco.getAnnIds())}
    assert len(coco.getImgIds()) == 4
    assert found["square"]["segmentation"] == [[1, 1, 5, 1, 5, 4, 1, 4]]
    assert iou(coco.annToMask(found["square"]) > 0, to_mask([SQUARE], (6, 8))) == 1
    assert isinstance(found["ring"]["segmentation"], dict)
    assert np.array_equal(coco.annToMask(found["ring"]) > 0, to_mask(RING, (5, 5)))
    assert all((folder / "train" / each["file_name"]).is_file() for each in coco.dataset["images"])


def test_outlines_for_yolo_come_back(release: Path, tmp_path: Path) -> None:
    folder = export_release(release, "yolo", tmp_path / "to")
    texts = {path.stem: path.read_text() for path in (folder / "labels" / "train").iterdir()}
    assert sorted(map(len, texts.values()))[:2] == [0, 0]
    assert 'names:\n  0: "ring"\n  1: "square"' in (folder / "data.yaml").read_text()
    (text,) = [text for text in texts.values() if text.startswith("1 ")]
    again = from_yolo(text, ["ring", "square"], file_name="x", height=6, width=8)
    assert iou(again.masks[0], to_mask([SQUARE], (6, 8))) == 1
    assert {path.stem for path in (folder / "images" / "train").iterdir()} == set(texts)


def test_png_masks_have_the_numbers_of_classes_and_objects(release: Path, tmp_path: Path) -> None:
    folder = export_release(release, "masks", tmp_path / "to")
    assert json.loads((folder / "classes.json").read_text()) == {"ring": 1, "square": 2}
    read = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (folder / "train" / "classes").iterdir()]
    assert sorted(int(values.max()) for values in read) == [0, 0, 1, 2]
    (square,) = [values for values in read if values.max() == 2]
    assert np.array_equal(square == 2, to_mask([SQUARE], (6, 8)))


def test_a_format_of_classes_refuses_objects_and_one_of_objects_refuses_classes(release: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has objects in its images, but imagefolder needs one class for each"):
        export_release(release, "imagefolder", tmp_path / "to")
    with pytest.raises(InvalidInput, match="has no objects in its images, which masks is for; take one of"):
        export_release(image_release(tmp_path / "other"), "masks", tmp_path / "to")


@pytest.mark.parametrize("form", ["coco", "yolo", "masks", "hf"])
def test_the_lines_that_are_told_read_the_objects(
    form: str, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(export_release(release, form, tmp_path / "to"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    known: dict[str, Any] = {}
    exec(lines_to_load(release, form), known)
    samples = known["samples"]
    assert len(samples.getImgIds() if form == "coco" else samples["train"] if form == "hf" else samples) == 4
