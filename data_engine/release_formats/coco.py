"""A release of images in the form of COCO: one JSON file per split, with categories, images and annotations.

An object's box is known where the source's columns have one (see `objects_of`). A label of the whole image is an
annotation whose box is the image, with `"is_whole_image": true`.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.release_formats.released import Released


def write(released: Released, folder: Path) -> None:
    """Write `annotations/instances_<split>.json` and the images in `<split>/`.

    Raises: InvalidInput for a sample without a label or an image, or with a box that is none.
    """
    names = sorted({*released.classes, *(found["category"] for found in _all_objects(released))})
    number_of = {name: number for number, name in enumerate(names, start=1)}
    found: dict[str, tuple[list[Any], list[Any]]] = {split: ([], []) for split in released.by_split()}
    for split, row, image in released.labelled_images("coco"):
        images, annotations = found[split]
        images.append(_image(len(images) + 1, image))
        for said in _annotations(row, released.label_column, images[-1]):
            category = number_of[said.pop("category")]
            place = {"id": len(annotations) + 1, "image_id": len(images), "category_id": category, "iscrowd": 0}
            annotations.append({**place, **said})
        (folder / split).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, folder / split / image.name)
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    categories = [{"id": number, "name": name, "supercategory": ""} for name, number in number_of.items()]
    for split, (images, annotations) in found.items():
        said = {
            "info": {"description": released.title, "version": released.release_id},
            "licenses": [{"id": 1, "name": released.licence, "url": ""}],
            "categories": categories,
            "images": images,
            "annotations": annotations,
        }
        text = json.dumps(said, ensure_ascii=False, indent=1)
        (folder / "annotations" / f"instances_{split}.json").write_text(text + "\n", "utf-8", newline="\n")


def objects_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects that the source knows in an image: `objects` of its columns, each a category (text) and its bbox.

    Both a list of objects and an object of lists are read, as files of annotations have them.

    Returns: category and bbox [x, y, width, height] in pixels of each.

    Raises: InvalidInput for a box that is none.
    """
    said = json.loads(row["metadata"]).get("objects")
    if isinstance(said, Mapping) and isinstance(said.get("bbox"), Sequence):
        names = said.get("category", said.get("label", []))
        said = [{"bbox": box, "category": name} for box, name in zip(said["bbox"], names, strict=False)]
    if not isinstance(said, list):
        return []
    found = [one for one in said if isinstance(one, Mapping) and "bbox" in one and "category" in one]
    return [{"category": str(one["category"]), "bbox": _box(one["bbox"], row["sample_id"])} for one in found]


def _box(said: Any, sample_id: str) -> list[float]:
    is_box = isinstance(said, list) and len(said) == 4 and all(isinstance(each, int | float) for each in said)
    if not is_box or min(said) < 0:
        raise InvalidInput(
            f"an object of sample {sample_id} has the box {said!r}; it must be [x, y, width, height] in pixels, none "
            f"below 0: correct the source, or take the format hf"
        )
    return list(said)


def _all_objects(released: Released) -> Iterator[dict[str, Any]]:
    for row in released.rows.select(["sample_id", "metadata"]).to_pylist():
        yield from objects_of(row)


def _image(number: int, path: Path) -> dict[str, Any]:
    from data_engine.images import stored_size

    width_px, height_px = stored_size(path)
    return {"id": number, "file_name": path.name, "width": width_px, "height": height_px, "license": 1}


def _annotations(row: Mapping[str, Any], label: str, image: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    objects = objects_of(row)
    for one in objects:
        yield {**one, "area": one["bbox"][2] * one["bbox"][3], "is_whole_image": False}
    if not objects:
        whole = [0, 0, image["width"], image["height"]]
        yield {"category": row[label], "bbox": whole, "area": whole[2] * whole[3], "is_whole_image": True}
