"""Segment-anything models in two ONNX files or two TorchScript files, prompted with the box of the points.

The weights are the user's. What they take and give, in the forms of SAM, SAM 2 and EfficientSAM, is in
`prompt_forms.py`.
"""

import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.predictors.prompt_forms import PromptForm, Values, form_of, longest_side

_SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}
_SIDE_PX = 1024
#: What a decoder in TorchScript is given, in this order, and what it gives.
_TAKES = ("image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size")
_GIVES = ("masks", "iou_predictions")
#: Embeddings of crops that are kept: while a person clicks, the crop stays and only the clicks change.
_N_KEPT = 8


@dataclass(frozen=True, eq=False)
class _Model:
    """One of the two files, loaded.

    Attributes:
        takes: Shapes of its inputs by name; 0 stands for any length.
        run: Inputs by name to outputs by name.
    """

    takes: Mapping[str, tuple[int, ...]]
    run: Callable[[Mapping[str, Values]], dict[str, Values]]

    @property
    def image(self) -> str:
        """The name of the first input."""
        return next(iter(self.takes))


def load_promptable(folder: str) -> tuple[Callable[[Crop], SoftMask], str]:
    """A predictor out of a folder with `encoder` and `decoder`, both `.onnx` or both `.pt`.

    Which form they have is read off the names of the decoder's inputs, see `prompt_forms.FORMS`. An encoder whose input
    has three axes prepares the image itself and is given (h, w, 3) in [0, 255]. What the encoder gives goes to the
    inputs of the same names. Of several masks the one of the best predicted IoU counts. TorchScript is of SAM's form,
    with its inputs in the order of the ONNX files.

    Returns: The predictor, which takes clicks, and a fingerprint of the weights.

    Raises: SourceMissing where the folder or a file is missing; InvalidInput where a file is no such model.
    """
    files, kind = _files(Path(folder))
    encoder, decoder = (_load(file, kind, number) for number, file in enumerate(files))
    form = form_of(decoder.takes, str(files[1]))
    side = _side(encoder, form)
    kept: OrderedDict[str, dict[str, Values]] = OrderedDict()

    def predicted(crop: Crop) -> SoftMask:
        key = hashlib.sha256(crop.fine_pixels.tobytes() + str(crop.fine_pixels.shape).encode()).hexdigest()
        if (found := kept.get(key)) is None:
            image = longest_side if len(encoder.takes[encoder.image]) == 3 else form.image
            found = kept[key] = encoder.run({encoder.image: image(crop.fine_pixels, side)})
        kept.move_to_end(key)
        while len(kept) > _N_KEPT:
            kept.popitem(last=False)
        given = {**form.prompt(crop, side, decoder.takes), **_embeddings(found, decoder, folder)}
        missing = sorted(set(decoder.takes) - set(given))
        if missing:
            raise InvalidInput(f"the decoder in {folder} also takes {', '.join(missing)}, which nothing gives it")
        outputs = decoder.run({name: given[name] for name in decoder.takes})
        has_size = bool({"orig_im_size", "original_image_size"} & set(decoder.takes))
        return form.soft(_best(outputs, folder), crop, has_size=has_size)

    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return predicted, digest.hexdigest()[:12]


def _side(encoder: _Model, form: PromptForm) -> int:
    """Of the square that the encoder is given; 0 where it takes images of any size as they are."""
    shape = encoder.takes[encoder.image]
    if len(shape) == 4 and shape[3]:
        return shape[3]
    return 0 if form.prefix else _SIDE_PX


def _embeddings(found: Mapping[str, Values], decoder: _Model, folder: str) -> dict[str, Values]:
    """What the encoder gave, by the names of the decoder's inputs; one alone may have another name there."""
    same = {name: value for name, value in found.items() if name in decoder.takes}
    if same:
        return same
    wanted = [name for name in decoder.takes if name.startswith("image_")]
    if len(found) != 1 or len(wanted) != 1:
        raise InvalidInput(
            f"the encoder in {folder} gives {', '.join(found)}, and the decoder takes {', '.join(decoder.takes)}; "
            "export both with the same names"
        )
    return {wanted[0]: next(iter(found.values()))}


def _best(outputs: Mapping[str, Values], folder: str) -> Values:
    """The logits (rows, columns) of the mask of the highest predicted IoU."""
    by_size = sorted((name for name in outputs if "mask" in name), key=lambda name: "low_res" in name)
    ious = next((value for name, value in outputs.items() if "iou" in name), None)
    masks = outputs[by_size[0]] if by_size else np.empty(0, np.float32)
    if ious is None or masks.ndim not in (4, 5) or ious.size != int(np.prod(masks.shape[:-2])):
        shapes = [value.shape for value in outputs.values()]
        raise InvalidInput(
            f"the decoder in {folder} gave the shapes {shapes}; a segment-anything model gives masks (1, k, h, w) and "
            "their IoU (1, k), with `mask` and `iou` in their names: export it so"
        )
    return np.ascontiguousarray(masks.reshape(-1, *masks.shape[-2:])[int(ious.ravel().argmax())])


def _files(folder: Path) -> tuple[tuple[Path, Path], str]:
    for kind, suffix in _SUFFIXES.items():
        files = folder / f"encoder{suffix}", folder / f"decoder{suffix}"
        if all(file.is_file() for file in files):
            return files, kind
    raise SourceMissing(
        f"{folder} does not hold encoder.onnx and decoder.onnx, nor encoder.pt and decoder.pt; give the folder of a "
        "segment-anything model that was exported as two files"
    )


def _load(file: Path, kind: str, number: int) -> _Model:
    try:
        return _onnx(file) if kind == "onnx" else _torchscript(file, is_decoder=number == 1)
    except (RuntimeError, ValueError) as error:
        said = (str(error).strip() or "no message").splitlines()[0][:200]
        raise InvalidInput(f"{file} cannot be read as a model ({said}); export it anew") from error


def _onnx(file: Path) -> _Model:
    import openvino

    model = openvino.Core().read_model(file)
    ready = openvino.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    types = {value.any_name: value.element_type.to_dtype() for value in model.inputs}
    takes = {
        value.any_name: tuple(int(n.get_length()) if n.is_static else 0 for n in value.partial_shape)
        for value in model.inputs
    }
    gives = [value.any_name if value.names else f"masks_{place}" for place, value in enumerate(model.outputs)]

    def run(values: Mapping[str, Values]) -> dict[str, Values]:
        # A request of its own, because several images may be asked about at the same time.
        found = ready.create_infer_request().infer({name: each.astype(types[name]) for name, each in values.items()})
        return {name: np.asarray(found[number], dtype=np.float32) for number, name in enumerate(gives)}

    return _Model(takes, run)


def _torchscript(file: Path, *, is_decoder: bool) -> _Model:
    import torch

    with warnings.catch_warnings():
        # Torch announces that it will give up this format, in which most of these models are exported.
        warnings.simplefilter("ignore", DeprecationWarning)
        module = torch.jit.load(str(file), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    side = int(getattr(module, "image_side_px", _SIDE_PX))
    takes: dict[str, tuple[int, ...]] = dict.fromkeys(_TAKES, ()) if is_decoder else {"image": (1, 3, side, side)}

    def run(values: Mapping[str, Values]) -> dict[str, Values]:
        with torch.inference_mode():
            found = module(*(torch.from_numpy(np.ascontiguousarray(each)) for each in values.values()))
        parts = found if isinstance(found, tuple) else (found,)
        gives = _GIVES if is_decoder else _TAKES
        return {name: part.float().numpy() for name, part in zip(gives, parts, strict=False)}

    return _Model(takes, run)
