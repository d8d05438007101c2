"""What segment-anything models are given and give, in the forms in which they are exported as two files.

Files are read and run in `promptable.py`. Sources of the interfaces: Kirillov et al. 2023 (SAM; MobileSAM, Zhang et al.
2023, has the same), Ravi et al. 2024 (SAM 2), Xiong et al. 2023 (EfficientSAM), as their exporters name the tensors.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.predictors.shapes import box_of

Values = NDArray[np.float32]

_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_OUTSIDE, _INSIDE, _TOP_LEFT, _BOTTOM_RIGHT = 0.0, 1.0, 2.0, 3.0
_SIZES = ("orig_im_size", "original_image_size")
_MASKS_BEFORE = {"mask_input": "has_mask_input", "input_masks": "has_input_masks"}


@dataclass(frozen=True)
class PromptForm:
    """One way to ask.

    Attributes:
        name: Whose it is.
        fits: Whether a decoder with inputs of these names is asked so.
        is_stretched: Whether the image fills the square, and is not filled up with zeros below or at the right.
        image: (h, w, 3) uint8 and the side to what the encoder takes; a side of 0 leaves the image as large as it is.
        prefix: Of the names of coordinates and labels.
        n_axes: Of axes before the coordinates.
    """

    name: str
    fits: Callable[[Collection[str]], bool]
    is_stretched: bool
    image: Callable[[NDArray[np.uint8], int], Values]
    prefix: str = ""
    n_axes: int = 1

    def prompt(self, crop: Crop, side: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Values]:
        """The box as two corners, the middle of the points as inside, and every click.

        Args:
            crop: What is asked about.
            side: Of the square that the encoder was given; 0 where it was given the fine pixels themselves.
            shapes: Of the decoder's inputs by name; 0 stands for any length.
        """
        height, width = crop.pixels.shape[:2]
        left, top, right, bottom = box_of(crop.points)
        middle = crop.points.mean(axis=0)
        places = [(left, top), (right, bottom), (float(middle[0]), float(middle[1])), *(c[:2] for c in crop.clicks)]
        labels = [_TOP_LEFT, _BOTTOM_RIGHT, _INSIDE, *(_INSIDE if click[2] else _OUTSIDE for click in crop.clicks)]
        scale = self._scale(height, width, side)
        axes = (1,) * self.n_axes
        found = {
            f"{self.prefix}point_coords": (np.array(places) * scale).reshape(*axes, len(places), 2),
            f"{self.prefix}point_labels": np.array(labels).reshape(*axes, len(labels)),
        }
        for name, flag in _MASKS_BEFORE.items():
            shape = shapes.get(name, ())
            found[name] = np.zeros(shape if len(shape) == 4 and all(shape) else (1, 1, side // 4, side // 4))
            found[flag] = np.zeros(1)
        size = (2 * height, 2 * width) if not side else (side, side) if self.prefix else (height, width)
        found |= dict.fromkeys(_SIZES, np.array(size))
        return {name: np.asarray(value, dtype=np.float32) for name, value in found.items()}

    def soft(self, logits: Values, crop: Crop, *, has_size: bool) -> SoftMask:
        """(h, w) in [0, 1] of the crop's size, out of the logits of one mask.

        Args:
            logits: (rows, columns).
            crop: What was asked about.
            has_size: Whether the decoder was told the size, and so gives no border that was filled up.
        """
        import cv2

        height, width = crop.pixels.shape[:2]
        if not self.is_stretched and not has_size:
            rows, columns = (max(1, round(n * each / max(height, width))) for n, each in
                             zip(logits.shape, (height, width), strict=True))  # fmt: skip
            logits = np.ascontiguousarray(logits[:rows, :columns])
        if logits.shape != (height, width):
            logits = np.asarray(cv2.resize(logits, (width, height)), dtype=np.float32)
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)

    def _scale(self, height: int, width: int, side: int) -> NDArray[np.float64]:
        if not side:
            return np.array([2.0, 2.0])
        return np.array([side / width, side / height]) if self.is_stretched else np.full(2, side / max(height, width))


def padded(pixels: NDArray[np.uint8], side: int) -> Values:
    """(1, 3, side, side), less mean over deviation of ImageNet, filled up with zeros below or at the right."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = round(width * scale), round(height * scale)
    square = np.zeros((1, 3, side, side), dtype=np.float32)
    square[0, :, : size[1], : size[0]] = ((_resized(pixels, size) - _MEAN) / _DEVIATION).transpose(2, 0, 1)
    return square


def longest_side(pixels: NDArray[np.uint8], side: int) -> Values:
    """(h, w, 3) in [0, 255], its longer side as given: for encoders that prepare the image themselves."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    return _resized(pixels, (round(width * scale), round(height * scale)))


def _stretched(pixels: NDArray[np.uint8], side: int) -> Values:
    return ((_resized(pixels, (side, side)) - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]


def _in_unit(pixels: NDArray[np.uint8], side: int) -> Values:
    """(1, 3, h, w) in [0, 1]."""
    size = (side, side) if side else (pixels.shape[1], pixels.shape[0])
    return (_resized(pixels, size) / np.float32(255)).transpose(2, 0, 1)[None]


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> Values:
    import cv2

    return np.asarray(cv2.resize(pixels, size), dtype=np.float32)


def _n_embeddings(names: Collection[str]) -> int:
    return sum(name.startswith(("image_", "high_res")) for name in names)


FORMS = (
    PromptForm(
        "EfficientSAM", lambda names: "batched_point_coords" in names, is_stretched=True, image=_in_unit,
        prefix="batched_", n_axes=2,
    ),
    PromptForm(
        "SAM 2", lambda names: "point_coords" in names and _n_embeddings(names) > 1, is_stretched=True,
        image=_stretched,
    ),
    PromptForm("SAM", lambda names: "point_coords" in names, is_stretched=False, image=padded),
)  # fmt: skip
"""Every form; the first that fits the names of a decoder's inputs is its own."""


def form_of(names: Collection[str], file: str) -> PromptForm:
    """The form of a decoder with inputs of these names.

    Raises: InvalidInput where it is none of `FORMS`.
    """
    form = next((form for form in FORMS if form.fits(names)), None)
    if form is None:
        raise InvalidInput(
            f"{file} takes {', '.join(sorted(names))}; a decoder of {', '.join(each.name for each in FORMS)} takes "
            "point_coords or batched_point_coords: export it so"
        )
    return form
