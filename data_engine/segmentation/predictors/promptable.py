"""Segment-anything models in two ONNX files or two TorchScript files, prompted with the box of the points.

The weights are the user's. Sources: Kirillov et al. 2023 (the interface), Zhang et al. 2023 (MobileSAM).
"""

import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.predictors.shapes import box_of

_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_OUTSIDE, _INSIDE, _TOP_LEFT, _BOTTOM_RIGHT = 0.0, 1.0, 2.0, 3.0
_SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}
#: Embeddings of crops that are kept: while a person clicks, the crop stays and only the clicks change.
_N_KEPT = 8

Values = NDArray[np.float32]
RunModel = Callable[[dict[str, Values]], list[Values]]


def load_promptable(folder: str) -> tuple[Callable[[Crop], SoftMask], str]:
    """A predictor out of a folder with `encoder` and `decoder`, both `.onnx` or both `.pt`.

    The encoder takes (1, 3, side, side), RGB less mean over deviation of ImageNet, filled up with zeros below and at
    the right, and gives an image embedding. The decoder takes `image_embeddings`, `point_coords` (1, n, 2) xy,
    `point_labels` (1, n), `mask_input` (1, 1, side / 4, side / 4), `has_mask_input` (1,) and `orig_im_size` (2,), and
    gives masks (1, k, h, w) as logits and their predicted IoU (1, k); the best of them counts.

    Returns: The predictor, which takes clicks, and a fingerprint of the weights.

    Raises: SourceMissing where the folder or a file is missing; InvalidInput where a file is no such model.
    """
    files, kind = _files(Path(folder))
    encode, side = _load(files[0], kind)
    decode, _ = _load(files[1], kind)
    kept: OrderedDict[str, Values] = OrderedDict()

    def predicted(crop: Crop) -> SoftMask:
        key = hashlib.sha256(crop.pixels.tobytes() + str(crop.pixels.shape).encode()).hexdigest()
        if key not in kept:
            kept[key] = encode({"image": _network_input(crop.pixels, side)})[0]
            if len(kept) > _N_KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return _soft(decode(_prompt(crop, kept[key], side)), crop, folder)

    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return predicted, digest.hexdigest()[:12]


def _files(folder: Path) -> tuple[tuple[Path, Path], str]:
    for kind, suffix in _SUFFIXES.items():
        files = folder / f"encoder{suffix}", folder / f"decoder{suffix}"
        if all(file.is_file() for file in files):
            return files, kind
    raise SourceMissing(
        f"{folder} does not hold encoder.onnx and decoder.onnx, nor encoder.pt and decoder.pt; give the folder of a "
        "segment-anything model that was exported as two files"
    )


def _load(file: Path, kind: str) -> tuple[RunModel, int]:
    """What runs the model, and the side of its first input in pixels where that is an image."""
    try:
        return _onnx(file) if kind == "onnx" else _torchscript(file)
    except (RuntimeError, ValueError) as error:
        said = (str(error).strip() or "no message").splitlines()[0][:200]
        raise InvalidInput(f"{file} cannot be read as a model ({said}); export it anew") from error


def _onnx(file: Path) -> tuple[RunModel, int]:
    import openvino

    model = openvino.Core().read_model(file)
    shape = model.inputs[0].partial_shape
    side = int(shape[3].get_length()) if len(shape) == 4 and shape[3].is_static else 1024
    ready = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    names = [value.any_name for value in model.inputs]

    def run(values: dict[str, Values]) -> list[Values]:
        given = {name: values[name] for name in names} if len(names) > 1 else [next(iter(values.values()))]
        found = ready(given)
        return [np.asarray(found[number], dtype=np.float32) for number in range(len(model.outputs))]

    return run, side


def _torchscript(file: Path) -> tuple[RunModel, int]:
    import torch

    with warnings.catch_warnings():
        # Torch announces that it will give up this format, in which most of these models are exported.
        warnings.simplefilter("ignore", DeprecationWarning)
        module = torch.jit.load(str(file), map_location="cpu").eval()  # type: ignore[no-untyped-call]

    def run(values: dict[str, Values]) -> list[Values]:
        with torch.inference_mode():
            found = module(*map(torch.from_numpy, values.values()))
        parts = found if isinstance(found, tuple) else (found,)
        return [part.float().numpy() for part in parts]

    return run, int(getattr(module, "image_side_px", 1024))


def _network_input(pixels: NDArray[np.uint8], side: int) -> Values:
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = round(width * scale), round(height * scale)
    resized = (np.asarray(cv2.resize(pixels, size), dtype=np.float32) - _MEAN) / _DEVIATION
    square = np.zeros((1, 3, side, side), dtype=np.float32)
    square[0, :, : size[1], : size[0]] = resized.transpose(2, 0, 1)
    return square


def _prompt(crop: Crop, embedding: Values, side: int) -> dict[str, Values]:
    """The box as two corners, the middle of the points as inside, and every click."""
    height, width = crop.pixels.shape[:2]
    left, top, right, bottom = box_of(crop.points)
    middle = crop.points.mean(axis=0)
    places = [(left, top), (right, bottom), (float(middle[0]), float(middle[1])), *(c[:2] for c in crop.clicks)]
    labels = [_TOP_LEFT, _BOTTOM_RIGHT, _INSIDE, *(_INSIDE if click[2] else _OUTSIDE for click in crop.clicks)]
    return {
        "image_embeddings": embedding,
        "point_coords": np.array([places], dtype=np.float32) * np.float32(side / max(height, width)),
        "point_labels": np.array([labels], dtype=np.float32),
        "mask_input": np.zeros((1, 1, side // 4, side // 4), dtype=np.float32),
        "has_mask_input": np.zeros(1, dtype=np.float32),
        "orig_im_size": np.array([height, width], dtype=np.float32),
    }


def _soft(outputs: list[Values], crop: Crop, folder: str) -> SoftMask:
    """The mask of the highest predicted IoU, out of the outputs of the decoder."""
    import cv2

    if len(outputs) < 2 or outputs[0].ndim != 4 or outputs[1].size != outputs[0].shape[1]:
        raise InvalidInput(
            f"the decoder in {folder} gave the shapes {[value.shape for value in outputs]}; a segment-anything model "
            "gives masks (1, k, h, w) and their IoU (1, k): export it so"
        )
    logits = outputs[0][0, int(outputs[1].ravel().argmax())]
    height, width = crop.pixels.shape[:2]
    if logits.shape != (height, width):
        logits = np.asarray(cv2.resize(logits, (width, height)), dtype=np.float32)
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)
