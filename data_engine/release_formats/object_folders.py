"""Objects of images in the forms that others learn from: COCO, YOLO outlines, and PNG masks.

Releases whose images have one class each are written in `coco.py` and `image_folders.py`.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_engine.release_formats.released import Released
from data_engine.segmentation.formats import ImageObjects, to_coco, to_png, to_yolo
from data_engine.segmentation.polygons import to_mask
from data_engine.segmentation.rle import decode_rle

_YOLO_SPLITS = {"train": "train", "validation": "val", "test": "test"}


def write_coco(released: Released, folder: Path) -> None:
    """Write `annotations/instances_<split>.json` and the images in `<split>/`.

    An outline without holes is written as it was drawn, any other object as run lengths.

    Raises: InvalidInput for a sample without an image.
    """
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    for split, found in _by_split(released).items():
        said = to_coco([image for image, _, _ in found], released.object_classes, min_iou=None)
        drawn = [one["polygons"] for _, objects, _ in found for one in objects]
        for annotation, polygons in zip(said["annotations"], drawn, strict=True):
            if len(polygons) == 1:
                annotation["segmentation"] = [np.asarray(polygons[0], dtype=float).ravel().tolist()]
        said |= {
            "info": {"description": released.title, "version": released.release_id},
            "licenses": [{"id": 1, "name": released.licence, "url": ""}],
        }
        text = json.dumps(said, ensure_ascii=False, indent=1)
        (folder / "annotations" / f"instances_{split}.json").write_text(text + "\n", "utf-8", newline="\n")
        for _, _, path in found:
            _copy(path, folder / split)


def write_yolo(released: Released, folder: Path) -> None:
    """Write `images/<split>/`, `labels/<split>/<image>.txt` with an outline a line, and `data.yaml` with the classes.

    Raises: InvalidInput for a sample without an image.
    """
    names, classes = [], released.object_classes
    for split, found in _by_split(released).items():
        name = _YOLO_SPLITS.get(split, split)
        names.append(name)
        (folder / "labels" / name).mkdir(parents=True, exist_ok=True)
        for image, _, path in found:
            _copy(path, folder / "images" / name)
            (folder / "labels" / name / f"{path.stem}.txt").write_text(to_yolo(image, classes), "utf-8", newline="\n")
    # JSON is YAML; what stands in quotes needs no other care.
    lines = ["path: .", *(f"{name}: images/{name}" for name in names), f"nc: {len(classes)}", "names:"]
    lines += [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(classes)]
    (folder / "data.yaml").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def write_masks(released: Released, folder: Path) -> None:
    """Write `<split>/images/`, and below `<split>/classes/` and `<split>/objects/` a PNG of numbers for each image.

    `classes.json` says which number a class has; 0 is nothing.

    Raises: InvalidInput for a sample without an image, or more objects than a PNG has values.
    """
    for split, found in _by_split(released).items():
        for image, _, path in found:
            _copy(path, folder / split / "images")
            for of, name in (("class", "classes"), ("object", "objects")):
                (folder / split / name).mkdir(parents=True, exist_ok=True)
                content = to_png(image, released.object_classes, of=of)
                (folder / split / name / f"{path.stem}.png").write_bytes(content)
    numbers = {name: number for number, name in enumerate(released.object_classes, start=1)}
    text = json.dumps(numbers, ensure_ascii=False, indent=2)
    (folder / "classes.json").write_text(text + "\n", "utf-8", newline="\n")


_Found = tuple[ImageObjects, Sequence[Mapping[str, Any]], Path]


def _by_split(released: Released) -> dict[str, list[_Found]]:
    """Of every split the images with their objects, as masks and as the answer has them, and their files."""
    return {split: list(_images(released, rows.to_pylist())) for split, rows in released.by_split().items()}


def _images(released: Released, rows: Sequence[Mapping[str, Any]]) -> Iterator[_Found]:
    for row in rows:
        said, path = json.loads(row["objects"]), released.image_of(row["sample_id"])
        height, width = said["size"]
        masks = [
            decode_rle(one["mask"]) if "mask" in one else to_mask(one["polygons"], (height, width))
            for one in said["objects"]
        ]
        # What covers the middle of no pixel is in the rows of the release and has no mask.
        drawn = [(one, mask) for one, mask in zip(said["objects"], masks, strict=True) if mask.any()]
        objects = [one for one, _ in drawn]
        image = ImageObjects(
            path.name, height, width, tuple(mask for _, mask in drawn), tuple(one["class"] for one in objects)
        )
        yield image, objects, path


def _copy(image: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, folder / image.name)
