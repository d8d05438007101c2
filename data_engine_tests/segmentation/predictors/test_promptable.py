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


def test_outputs_of_another_form_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes())
    nodes = [("Relu", ("image_embeddings",), "masks")]
    save_onnx(tmp_path / "decoder.onnx", nodes, {"image_embeddings": (1, 4, 16, 16)}, {"masks": (1, 4, 16, 16)}, {})
    with pytest.raises(InvalidInput, match=r"gave the shapes \[\(1, 4, 16, 16\)\]"):
        load_segmenter(f"promptable/{tmp_path}").predict(IMAGE, POINTS)
