from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_onnx import save_onnx

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.predictors.promptable import load_promptable

SIDE = 64
POINTS = [[20, 30], [50, 10], [80, 30], [50, 50]]
IMAGE = np.random.default_rng(0).integers(0, 255, (60, 100, 3)).astype(np.uint8)
PROMPT = {
    "image_embeddings": (1, 4, 16, 16),
    "point_coords": (1, "n", 2),
    "point_labels": (1, "n"),
    "mask_input": (1, 1, 16, 16),
    "has_mask_input": (1,),
    "orig_im_size": (2,),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment-anything model of random weights, with its interface: three masks, whose IoU the prompt moves."""
    path = tmp_path_factory.mktemp("sam")
    rng = np.random.default_rng(1)
    weights = {"w": rng.normal(0, 0.2, (4, 3, 4, 4)), "b": np.zeros(4)}
    strides = {"strides": [4, 4]}
    save_onnx(
        path / "encoder.onnx",
        [("Conv", ("image", "w", "b"), "image_embeddings", strides)],
        {"image": (1, 3, SIDE, SIDE)},
        {"image_embeddings": (1, 4, 16, 16)},
        weights,
    )
    heads = {
        "w": rng.normal(0, 1, (3, 4, 1, 1)),
        "b": np.array([0.0, 0.5, 1.0]),
        "axes": [0, 2],
        "iou": np.array([[0.2, 0.9, 0.1]]),
        "all": [1],
        "zero": 0.0,
    }
    nodes = [
        ("ReduceSum", ("point_labels", "all"), "sum", {"keepdims": 1}),
        ("Conv", ("image_embeddings", "w", "b"), "logits"),
        ("ReduceMean", ("point_coords",), "where", {"axes": [0, 1, 2], "keepdims": 0}),
        ("ReduceSum", ("mask_input",), "no_mask", {"keepdims": 0}),
        ("ReduceSum", ("has_mask_input",), "has_none", {"keepdims": 0}),
        ("ReduceSum", ("orig_im_size",), "size", {"keepdims": 0}),
        ("Mul", ("size", "has_none"), "nothing"),
        ("Add", ("no_mask", "nothing"), "nothing_more"),
        ("Mul", ("where", "zero"), "nowhere"),
        ("Add", ("nowhere", "nothing_more"), "added"),
        ("Add", ("logits", "added"), "masks"),
        ("Mul", ("sum", "zero"), "level"),
        ("Add", ("iou", "level"), "iou_predictions"),
    ]
    outputs = {"masks": (1, 3, 16, 16), "iou_predictions": (1, 3)}
    save_onnx(path / "decoder.onnx", nodes, PROMPT, outputs, heads)
    return path


def test_a_model_in_two_onnx_files_is_prompted_and_gives_its_best_mask(folder: Path) -> None:
    segmenter = load_segmenter(f"promptable/{folder}")
    mask = segmenter.predict(IMAGE, POINTS)
    assert mask.shape == (60, 100) and mask.any()
    assert segmenter.takes_clicks and segmenter.version == load_segmenter(f"promptable/{folder}").version
    after = segmenter.predict(IMAGE, POINTS, [(50.0, 30.0, not mask[30, 50])], mask)
    assert after[30, 50] != mask[30, 50]


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_model_in_two_torch_files_gives_the_same_form(tmp_path: Path) -> None:
    class Encoder(torch.nn.Module):
        image_side_px: int = SIDE

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.avg_pool2d(image, 4)

    class Decoder(torch.nn.Module):
        def forward(self, embedding, coords, labels, mask, has_mask, size):  # type: ignore[no-untyped-def]
            left, right = coords[0, 0, 0] / 4, coords[0, 1, 0] / 4
            columns = torch.arange(16, dtype=torch.float32)
            inside = ((columns > left) & (columns < right)).float() * 20 - 10
            return inside.expand(1, 1, 16, 16), torch.ones(1, 1)

    torch.jit.script(Encoder()).save(tmp_path / "encoder.pt")
    torch.jit.trace(
        Decoder(),
        tuple(torch.rand(*(3 if side == "n" else side for side in shape)) for shape in PROMPT.values()),
        check_trace=False,
    ).save(tmp_path / "decoder.pt")
    mask = load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS)
    columns = np.flatnonzero(mask.any(axis=0))
    assert abs(int(columns[0]) - 20) <= 6 and abs(int(columns[-1]) - 80) <= 6


def test_a_folder_without_a_model_and_a_file_that_is_none_say_so(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"nor encoder\.pt and decoder\.pt"):
        load_promptable(str(tmp_path))
    for name in ("encoder.onnx", "decoder.onnx"):
        (tmp_path / name).write_text("no model", "utf-8")
    with pytest.raises(InvalidInput, match=r"encoder.onnx cannot be read as a model"):
        load_promptable(str(tmp_path))


def test_a_decoder_that_is_asked_otherwise_and_outputs_of_another_form_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes())
    shape = (1, 4, 16, 16)
    nodes = [("Relu", ("image_embeddings",), "masks")]
    save_onnx(tmp_path / "decoder.onnx", nodes, {"image_embeddings": shape}, {"masks": shape}, {})
    with pytest.raises(InvalidInput, match="takes image_embeddings; a decoder of EfficientSAM, SAM 2, SAM takes point"):
        load_segmenter(f"promptable/{tmp_path}")
    takes = {"image_embeddings": shape, "point_coords": (1, "n", 2), "more": (1,)}
    given = [*nodes, ("Relu", ("point_coords",), "p"), ("Relu", ("more",), "m")]
    save_onnx(tmp_path / "decoder.onnx", given, takes, {"masks": shape, "p": (1, "n", 2), "m": (1,)}, {})
    with pytest.raises(InvalidInput, match="also takes more, which nothing gives it"):
        load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS)
    takes.pop("more")
    save_onnx(tmp_path / "decoder.onnx", given[:2], takes, {"masks": shape, "p": (1, "n", 2)}, {})
    with pytest.raises(InvalidInput, match=r"gave the shapes \[\(1, 4, 16, 16\), \(1, 3, 2\)\]"):
        load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS)


def _decoder(
    folder: Path, takes: dict[str, tuple[int | str, ...]], gives: tuple[str, str], *, n_axes: int, sized: str = ""
) -> None:
    """A decoder whose second mask lies between the corners of the box, and is the best one of three.

    Its masks have 64 columns over the square that the encoder sees, or over the width that it is told in `sized`.
    """
    columns = (np.arange(64) + 0.5).reshape(1, 1, 1, 64)
    constants = {
        "columns": np.broadcast_to(columns, (1, 1, 64, 64)).copy(), "never": np.full((1, 1, 64, 64), -5.0),
        "iou": np.array([[0.2, 0.9, 0.1]]), "flat": [-1, 2], "one": [1], "x": 0, "first": 0, "second": 1, "zero": 0.0,
        "width": 1, "by": 64.0,
    }  # fmt: skip
    coords = next(name for name in takes if name.endswith("point_coords"))
    nodes: list = [
        ("Reshape", (coords, "flat"), "places"),
        ("Gather", ("places", "x"), "all_x", {"axis": 1}),
        ("Gather", ("all_x", "first"), "left", {"axis": 0}),
        ("Gather", ("all_x", "second"), "right", {"axis": 0}),
    ]
    along = "columns"
    if sized:
        nodes += [
            ("Gather", (sized, "width"), "whole_width", {"axis": 0}),
            ("Cast", ("whole_width",), "told", {"to": 1}),
            ("Div", ("told", "by"), "wide"),
            ("Mul", ("columns", "wide"), "along"),
        ]
        along = "along"
    unused = [name for name in takes if name not in (coords, sized)]
    for number, name in enumerate(unused):
        nodes += [("ReduceSum", (name,), f"sum_{number}", {"keepdims": 0})]
    nodes += [("Sum", tuple(f"sum_{number}" for number in range(len(unused))), "seen"), ("Mul", ("seen", "zero"), "no")]
    nodes += [("Sub", (along, "left"), "from"), ("Sub", ("right", along), "to"), ("Mul", ("from", "to"), "between")]
    nodes += [("Add", ("between", "no"), "mask"), ("Concat", ("never", "mask", "never"), "all", {"axis": 1})]
    masks, iou = gives
    shapes = {masks: [1] * (n_axes - 1) + [1, 3, 64, 64], iou: [1] * (n_axes - 1) + [1, 3]}
    for name, made in ((masks, "all"), (iou, "iou")):
        constants[f"shape_{name}"] = shapes[name]
        nodes.append(("Reshape", (made, f"shape_{name}"), name))
    order = sorted(shapes, key=lambda name: "mask" in name)
    save_onnx(
        folder / "decoder.onnx", nodes, takes, {name: shapes[name] for name in order}, constants,
        whole=[sized] if sized else [],
    )  # fmt: skip


def _encoder(folder: Path, image: str, shape: tuple[int | str, ...], gives: dict[str, int]) -> None:
    """An encoder that gives maps of so many channels."""
    nodes, constants = [], {}
    for name, n_channels in gives.items():
        constants[f"w_{name}"] = np.full((n_channels, 3, 4, 4), 0.1)
        nodes.append(("Conv", (image, f"w_{name}"), name, {"strides": [4, 4]}))
    save_onnx(
        folder / "encoder.onnx", nodes, {image: shape}, {name: (1, n, "h", "w") for name, n in gives.items()}, constants
    )


NO_MASK = {"mask_input": (1, 1, 16, 16), "has_mask_input": (1,)}
POINT = {"point_coords": (1, "n", 2), "point_labels": (1, "n")}
BATCHED = {"batched_point_coords": (1, 1, "n", 2), "batched_point_labels": (1, 1, "n")}
SQUARE = (1, 3, SIDE, SIDE)


def _of_sam(folder: Path) -> None:
    """As exported for MobileSAM with masks of low resolution, the IoU first."""
    _encoder(folder, "images", SQUARE, {"embeddings": 4})
    takes = {"image_embeddings": (1, 4, 16, 16), **POINT, **NO_MASK}
    _decoder(folder, takes, ("low_res_masks", "iou_predictions"), n_axes=1)


def _of_sam_2(folder: Path) -> None:
    _encoder(folder, "image", SQUARE, {"high_res_feats_0": 2, "high_res_feats_1": 3, "image_embed": 4})
    maps = {"image_embed": (1, 4, 16, 16), "high_res_feats_0": (1, 2, 16, 16), "high_res_feats_1": (1, 3, 16, 16)}
    _decoder(folder, {**maps, **POINT, **NO_MASK}, ("masks", "iou_predictions"), n_axes=1)


def _of_sam_2_for_onnxruntime(folder: Path) -> None:
    """As the exporter of onnxruntime names them."""
    _encoder(folder, "image", SQUARE, {"image_features_0": 2, "image_features_1": 3, "image_embeddings": 4})
    maps = {"image_features_0": (1, 2, 16, 16), "image_features_1": (1, 3, 16, 16), "image_embeddings": (1, 4, 16, 16)}
    before = {"input_masks": ("n_labels", 1, 16, 16), "has_input_masks": ("n_labels",)}
    takes = {**maps, **POINT, **before, "original_image_size": (2,)}
    _decoder(folder, takes, ("masks", "iou_predictions"), n_axes=1)


def _of_efficient_sam(folder: Path, shape: tuple[int | str, ...] = (1, 3, "h", "w")) -> None:
    _encoder(folder, "batched_images", shape, {"image_embeddings": 4})
    takes = {"image_embeddings": (1, 4, "h", "w"), **BATCHED, "orig_im_size": (2,)}
    _decoder(folder, takes, ("output_masks", "iou_predictions"), n_axes=2, sized="orig_im_size")


@pytest.mark.parametrize(
    "write",
    [
        _of_sam,
        _of_sam_2,
        _of_sam_2_for_onnxruntime,
        _of_efficient_sam,
        lambda folder: _of_efficient_sam(folder, SQUARE),
    ],
    ids=["SAM", "SAM 2", "SAM 2 of onnxruntime", "EfficientSAM", "EfficientSAM of one size"],
)
def test_each_form_of_files_is_asked_in_its_own_coordinates(tmp_path: Path, write) -> None:
    write(tmp_path)
    mask = load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS)
    columns = np.flatnonzero(mask.any(axis=0))
    assert abs(int(columns[0]) - 20) <= 2 and abs(int(columns[-1]) - 79) <= 2
    rows = np.flatnonzero(mask.any(axis=1))
    assert rows[0] <= 11 and rows[-1] >= 48


def test_an_encoder_that_prepares_the_image_itself_gets_it_as_it_is(tmp_path: Path) -> None:
    _of_sam(tmp_path)
    nodes = [("Transpose", ("input_image",), "turned", {"perm": [2, 0, 1]}), ("Unsqueeze", ("turned", "axis"), "batch"),
             ("Resize", ("batch", "", "", "square"), "seen", {"mode": "nearest"}),
             ("Conv", ("seen", "w"), "image_embeddings", {"strides": [4, 4]})]  # fmt: skip
    save_onnx(
        tmp_path / "encoder.onnx", nodes, {"input_image": ("h", "w", 3)}, {"image_embeddings": (1, 4, 16, 16)},
        {"axis": [0], "square": [1, 3, SIDE, SIDE], "w": np.full((4, 3, 4, 4), 0.1)},
    )  # fmt: skip
    assert load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS).any()
