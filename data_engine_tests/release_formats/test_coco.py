import json
from pathlib import Path

import pytest
from pycocotools.coco import COCO
from released_folders import SIZES, image_release

from data_engine.errors import InvalidInput
from data_engine.release_formats.coco import objects_of
from data_engine.releasing.exporting import export_release

BOXES = [[1, 1, 3, 2], [0, 0, 2.5, 4]]


def _metadata(objects: object) -> str:
    return json.dumps({"objects": objects})


def test_pycocotools_finds_the_classes_and_an_image_without_objects_is_one(tmp_path: Path) -> None:
    folder = export_release(
        image_release(tmp_path / "r", split=["train", "train", "train", "test"]), "coco", tmp_path / "to"
    )
    coco = COCO(str(folder / "annotations" / "instances_train.json"))
    (cat,) = coco.getCatIds(catNms=["cat"])
    images = coco.loadImgs(coco.getImgIds(catIds=[cat]))
    assert sorted((image["width"], image["height"]) for image in images) == [(8, 6), (9, 3)]
    assert all((folder / "train" / image["file_name"]).is_file() for image in images)
    (found,) = coco.loadAnns(coco.getAnnIds(imgIds=[images[0]["id"]]))
    assert found["bbox"] == [0, 0, images[0]["width"], images[0]["height"]]
    assert found["is_whole_image"] is True
    assert len(COCO(str(folder / "annotations" / "instances_test.json")).getImgIds()) == 1


def test_objects_of_the_source_are_boxes_of_their_categories(tmp_path: Path) -> None:
    objects = [{"bbox": BOXES[0], "category": "paw"}, {"bbox": BOXES[1], "category": "tail"}]
    metadata = [_metadata(objects), *["{}"] * 3]
    folder = export_release(image_release(tmp_path / "r", metadata=metadata), "coco", tmp_path / "to")
    coco = COCO(str(folder / "annotations" / "instances_train.json"))
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    assert sorted(names.values()) == ["cat", "dog/wolf", "paw", "tail"]
    image = next(one for one in coco.dataset["images"] if (one["width"], one["height"]) == next(iter(SIZES)))
    found = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
    assert [(names[each["category_id"]], each["bbox"], each["area"]) for each in found] == [
        ("paw", BOXES[0], 6),
        ("tail", BOXES[1], 10.0),
    ]


def test_lists_of_objects_are_read_in_both_forms() -> None:
    wanted = [{"category": "a", "bbox": BOXES[0]}, {"category": "2", "bbox": BOXES[1]}]
    for said in (
        [{"bbox": BOXES[0], "category": "a"}, {"bbox": BOXES[1], "category": 2}],
        {"bbox": BOXES, "category": ["a", 2]},
    ):
        assert objects_of({"sample_id": "s", "metadata": _metadata(said)}) == wanted
    assert objects_of({"sample_id": "s", "metadata": '{"objects": "none"}'}) == []


def test_a_box_that_is_none_is_refused_with_its_sample() -> None:
    row = {"sample_id": "s", "metadata": _metadata([{"bbox": [1, 2, -3, 4], "category": "a"}])}
    with pytest.raises(InvalidInput, match=r"sample s has the box \[1, 2, -3, 4\]; it must be \[x, y, width, height\]"):
        objects_of(row)
