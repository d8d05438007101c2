"""The objects that the benchmarks of masks work on: images with a known mask, out of the folders of two data sets."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_UNKNOWN = 128


@dataclass(frozen=True, eq=False)
class KnownObject:
    """`truth` is where the object is, `is_known` where anybody can say; of COCO `image_id` is that of the image."""

    name: str
    image: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    is_known: NDArray[np.bool_]

    @property
    def image_id(self) -> int:
        return int(self.name.rsplit("_", 1)[1])


def objects_in(folder: Path) -> Iterator[KnownObject]:
    """Objects with `gt/NAME.png` (255 inside, 128 unknown) and `img/NAME.*`, in the order of their names."""
    import cv2

    for path in sorted((folder / "gt").glob("*.png")):
        marks = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
        (image,) = (folder / "img").glob(f"{path.stem}.*")
        rgb = np.asarray(cv2.imread(str(image), cv2.IMREAD_COLOR))[:, :, ::-1].copy()
        if (marks == 255).any():
            yield KnownObject(path.stem, rgb.astype(np.uint8), marks == 255, marks != _UNKNOWN)


def is_training_half(one: KnownObject) -> bool:
    """Whether an object of COCO may be trained on: objects of one image are all in the same half."""
    return one.image_id % 2 == 0


def agreement(mask: NDArray[np.bool_], one: KnownObject) -> float:
    """IoU of a mask with the truth, where anybody can say."""
    from data_engine.segmentation.masks import iou

    return iou(mask & one.is_known, one.truth & one.is_known)
