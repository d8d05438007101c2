import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from drawn_masks import from_rows
from pycocotools.coco import COCO

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.segmentation.formats import (
    ImageObjects,
    from_coco,
    from_png,
    from_yolo,
    to_coco,
    to_png,
    to_yolo,
)
from data_engine.segmentation.masks import iou

CLASSES = ["coin", "ring"]


def _image() -> ImageObjects:
    rows, columns = np.mgrid[:80, :100]
    coin = (rows - 30) ** 2 + (columns - 30) ** 2 < 400
    parts = coin & False
    parts[60:75, 5:20] = parts[60:75, 30:60] = True
    away = np.hypot(rows - 40, columns - 75)
    return ImageObjects("a.png", 80, 100, (coin, (away < 20) & (away > 10), parts), ("coin", "ring", "coin"))


@pytest.mark.parametrize("min_iou", [0.95, None])
def test_pycocotools_reads_the_same_masks(tmp_path: Path, min_iou: float | None, capsys: object) -> None:
    image = _image()
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(to_coco([image], CLASSES, min_iou=min_iou)), "utf-8")
    theirs = COCO(str(path))
    with warnings.catch_warnings():
        # pycocotools' own arrays are behind what NumPy asks of arrays now.
        warnings.simplefilter("ignore", DeprecationWarning)
        shares = [iou(theirs.annToMask(theirs.anns[n + 1]) == 1, mask) for n, mask in enumerate(image.masks)]
    assert min(shares) >= (0.9 if min_iou else 1) and shares[1] == 1
    assert [theirs.cats[theirs.anns[n]["category_id"]]["name"] for n in (1, 2, 3)] == list(image.labels)
    assert theirs.anns[3]["bbox"] == [5, 60, 55, 15] and theirs.anns[3]["area"] == 675


@pytest.mark.parametrize("min_iou", [1.0, None])
def test_coco_comes_back_as_it_was(min_iou: float | None) -> None:
    image, empty = _image(), ImageObjects("b.png", 5, 6, (), ())
    again, none = from_coco(json.loads(json.dumps(to_coco([image, empty], CLASSES, min_iou=min_iou))))
    assert (again.labels, none.file_name, none.masks) == (image.labels, "b.png", ())
    assert all((one == other).all() for one, other in zip(again.masks, image.masks, strict=True))


def test_yolo_has_a_line_per_part_without_holes() -> None:
    image = _image()
    text = to_yolo(image, CLASSES)
    again = from_yolo(text, CLASSES, file_name="a.png", height=80, width=100)
    assert again.labels == ("coin", "ring", "coin", "coin")
    assert iou(again.masks[0], image.masks[0]) >= 0.95
    assert iou(again.masks[2] | again.masks[3], image.masks[2]) == 1
    assert again.masks[1][40, 75]


def test_png_masks_hold_the_class_or_the_object_with_the_last_on_top() -> None:
    one, other = from_rows("##..", "##.."), from_rows(".#..", ".##.")
    image = ImageObjects("a.png", 2, 4, (one, other), ("ring", "coin"))
    assert from_png(to_png(image, CLASSES)).tolist() == [[2, 1, 0, 0], [2, 1, 1, 0]]
    objects = from_png(to_png(image, CLASSES, of="object"))
    assert objects.dtype == np.uint16 and objects.tolist() == [[1, 2, 0, 0], [1, 2, 2, 0]]


def test_what_cannot_be_written_is_refused() -> None:
    mask = from_rows("#.")
    with pytest.raises(UnknownLabel, match=r"object 0 of a\.png is a 'fish'"):
        to_coco([ImageObjects("a.png", 1, 2, (mask,), ("fish",))], CLASSES)
    for wrong in (mask & False, from_rows("#")):
        with pytest.raises(InvalidInput, match=r"the mask of object 0 of a\.png has the shape"):
            to_yolo(ImageObjects("a.png", 1, 2, (wrong,), ("coin",)), CLASSES)
    with pytest.raises(InvalidInput, match="the image needs 300 values and a PNG of class has 255"):
        to_png(ImageObjects("a.png", 1, 2, (mask,), ("0",)), [str(number) for number in range(300)])
    with pytest.raises(InvalidInput, match="of is 'part'; use class or object"):
        to_png(ImageObjects("a.png", 1, 2, (), ()), CLASSES, of="part")


@pytest.mark.parametrize(
    "line", ["5 0 0 1 0 1 1", "-1 0 0 1 0 1 1", "0 0 0 1", "0 0 0 1 0 1", "a 1 2", "", "0 0 0 nan 0 1 1"]
)
def test_a_line_that_is_no_object_is_named(line: str) -> None:
    with pytest.raises(InvalidInput, match="line 1"):
        from_yolo(line + "\n", CLASSES, file_name="a", height=4, width=4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": 9}, "annotation 1 is of image 9 and category 1"),
        ({"segmentation": []}, "annotation 1 has no segmentation"),
        ({"segmentation": [[1, 2, 3]]}, "polygon 0 has the shape"),
        ({"segmentation": {"size": [1, 1], "counts": [1]}}, r"annotation 1 has a mask of \(1, 1\)"),
    ],
)
def test_a_damaged_annotation_is_named(change: dict[str, object], said: str) -> None:
    found = to_coco([_image()], CLASSES)
    found["annotations"][0] |= change
    with pytest.raises(InvalidInput, match=said):
        from_coco(found)


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_other_bytes_are_no_png(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="these bytes are no PNG"):
        from_png(content)
