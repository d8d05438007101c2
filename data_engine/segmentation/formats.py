"""Masks in the formats that others read: COCO with polygons or run lengths, YOLO with outlines, PNG with a number each.

Which files a release has is up to `data_engine.release_formats`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.segmentation.masks import Mask, bounding_box
from data_engine.segmentation.polygons import signed_area, to_mask, to_polygons
from data_engine.segmentation.rle import decode_rle, encode_rle


@dataclass(frozen=True, eq=False)
class ImageObjects:
    """One image with its objects: `file_name`, the masks (h, w) of its objects, and the class of each."""

    file_name: str
    height: int
    width: int
    masks: tuple[Mask, ...]
    labels: tuple[str, ...]


def to_coco(images: Sequence[ImageObjects], classes: Sequence[str], *, min_iou: float | None = 0.95) -> dict[str, Any]:
    """The annotations of COCO: images, categories numbered from 1, and an annotation per object.

    Args:
        images: In the order in which they are numbered, from 1.
        classes: In the order of the categories.
        min_iou: How far polygons have to agree with their mask. An object with holes is written as run lengths, since
            polygons of COCO have none. None writes exact run lengths for all.

    Raises: UnknownLabel for a class that is not listed; InvalidInput for an empty mask, or one of another size.
    """
    annotations: list[dict[str, Any]] = []
    for image_id, image in enumerate(images, start=1):
        for mask, label in _checked(image, classes):
            left, top, right, bottom = bounding_box(mask)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": classes.index(label) + 1,
                    "segmentation": _segmentation(mask, min_iou),
                    "area": int(np.count_nonzero(mask)),
                    "bbox": [left, top, right - left, bottom - top],
                    "iscrowd": 0,
                }
            )
    return {
        "images": [
            {"id": number, "file_name": image.file_name, "height": image.height, "width": image.width}
            for number, image in enumerate(images, start=1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, start=1)],
        "annotations": annotations,
    }


def from_coco(found: Mapping[str, Any]) -> list[ImageObjects]:
    """The images with objects of a COCO file, images without any included.

    Raises: InvalidInput for an annotation whose image, category or segmentation is none.
    """
    names = {one["id"]: one["name"] for one in found.get("categories", [])}
    of_image: dict[Any, list[tuple[Mask, str]]] = {one["id"]: [] for one in found.get("images", [])}
    sizes = {one["id"]: (one["height"], one["width"]) for one in found.get("images", [])}
    for one in found.get("annotations", []):
        if one.get("image_id") not in of_image or one.get("category_id") not in names:
            raise InvalidInput(
                f"annotation {one.get('id')} is of image {one.get('image_id')} and category {one.get('category_id')}, "
                "which the file does not list; add them to images and categories"
            )
        mask = _mask_of(one.get("segmentation"), sizes[one["image_id"]], one.get("id"))
        of_image[one["image_id"]].append((mask, names[one["category_id"]]))
    return [
        ImageObjects(
            one["file_name"],
            one["height"],
            one["width"],
            tuple(mask for mask, _ in of_image[one["id"]]),
            tuple(label for _, label in of_image[one["id"]]),
        )
        for one in found.get("images", [])
    ]


def to_yolo(image: ImageObjects, classes: Sequence[str], *, min_iou: float = 0.95) -> str:
    """The text file of an image for YOLO: a line per part of an object, its class number and xy as shares of the sides.

    YOLO knows neither holes nor objects of several parts: holes are filled, every part is a line of its own.

    Raises: UnknownLabel for a class that is not listed; InvalidInput for an empty mask, or one of another size.
    """
    lines = []
    for mask, label in _checked(image, classes):
        outlines = [ring for ring in to_polygons(mask, min_iou=min_iou) if signed_area(ring) > 0]
        for outline in outlines:
            shares = (outline / (image.width, image.height)).ravel()
            lines.append(" ".join([str(classes.index(label)), *(f"{share:.6f}" for share in shares.tolist())]))
    return "".join(f"{line}\n" for line in lines)


def from_yolo(text: str, classes: Sequence[str], *, file_name: str, height: int, width: int) -> ImageObjects:
    """The objects of a text file for YOLO, one per line.

    Raises: InvalidInput naming the line that is none.
    """
    masks, labels = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            first, *shares = line.split()
            polygon = np.array(shares, dtype=np.float64).reshape(-1, 2) * (width, height)
            label = classes[int(first)] if int(first) >= 0 else None
            mask = to_mask([polygon], (height, width))
        except (ValueError, IndexError) as error:
            raise InvalidInput(
                f"line {number} is {line[:80]!r}; give the number of one of {len(classes)} classes, then x and y "
                "of at least three vertices as shares of the sides"
            ) from error
        if label is None:
            raise InvalidInput(f"line {number} has the class {first}; classes are numbered from 0")
        masks.append(mask)
        labels.append(label)
    return ImageObjects(file_name, height, width, tuple(masks), tuple(labels))


def to_png(image: ImageObjects, classes: Sequence[str], *, of: str = "class") -> bytes:
    """A PNG of the image's size whose values say what a pixel is: 0 for nothing, else a number from 1.

    Args:
        image: Of objects that overlap, the later one lies on top.
        classes: In the order of their numbers.
        of: `class` for the number of the class, 8 bits; `object` for that of the object, 16 bits.

    Raises: UnknownLabel for a class that is not listed; InvalidInput for an empty mask, one of another size, or more
        classes or objects than there are values.
    """
    import cv2

    if of not in ("class", "object"):
        raise InvalidInput(f"of is {of!r}; use class or object")
    most, kind = (255, np.uint8) if of == "class" else (65535, np.uint16)
    n_values = len(classes) if of == "class" else len(image.masks)
    if n_values > most:
        raise InvalidInput(f"the image needs {n_values:,} values and a PNG of {of} has {most:,}; export as COCO")
    values = np.zeros((image.height, image.width), dtype=kind)
    for number, (mask, label) in enumerate(_checked(image, classes), start=1):
        values[mask] = classes.index(label) + 1 if of == "class" else number
    is_written, content = cv2.imencode(".png", values)
    if not is_written:
        raise InvalidInput(f"{image.file_name} of {image.width} x {image.height} px cannot be written as PNG")
    return bytes(content.tobytes())


def from_png(content: bytes) -> NDArray[Any]:
    """The values of a PNG that `to_png` wrote: (h, w) uint8 or uint16.

    Raises: InvalidInput for other bytes.
    """
    import cv2

    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if values is None or values.ndim != 2:
        raise InvalidInput("these bytes are no PNG with one value per pixel; give what was exported as a PNG mask")
    return np.asarray(values)


def _checked(image: ImageObjects, classes: Sequence[str]) -> list[tuple[Mask, str]]:
    for number, (mask, label) in enumerate(zip(image.masks, image.labels, strict=True)):
        if label not in classes:
            raise UnknownLabel(f"object {number} of {image.file_name} is a {label!r}; classes are {list(classes)[:10]}")
        if mask.shape != (image.height, image.width) or not mask.any():
            raise InvalidInput(
                f"the mask of object {number} of {image.file_name} has the shape {mask.shape} and "
                f"{np.count_nonzero(mask)} pixels inside; give one of {(image.height, image.width)} that is not empty"
            )
    return list(zip(image.masks, image.labels, strict=True))


def _segmentation(mask: Mask, min_iou: float | None) -> dict[str, Any] | list[list[float]]:
    if min_iou is None:
        return encode_rle(mask)
    polygons = to_polygons(mask, min_iou=min_iou)
    has_holes = any(signed_area(ring) < 0 for ring in polygons)
    return encode_rle(mask) if has_holes else [ring.ravel().tolist() for ring in polygons]


def _mask_of(segmentation: Any, size: tuple[int, int], annotation: object) -> Mask:
    """Polygons of COCO are joined, whichever way they run."""
    if isinstance(segmentation, Mapping):
        mask = decode_rle(segmentation)
    elif isinstance(segmentation, list) and segmentation:
        mask = np.zeros(size, dtype=np.bool_)
        for flat in segmentation:
            ring = np.asarray(flat, dtype=np.float64)
            mask |= to_mask([ring.reshape(-1, 2)] if ring.ndim == 1 and ring.size % 2 == 0 else [ring], size)
    else:
        raise InvalidInput(
            f"annotation {annotation} has no segmentation; leave it out, or give polygons or run lengths"
        )
    if mask.shape != tuple(size):
        raise InvalidInput(f"annotation {annotation} has a mask of {mask.shape} in an image of {tuple(size)} pixels")
    return mask
