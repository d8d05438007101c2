from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engine.embedding import Encoder, load_encoder, openvino
from data_engine.embedding.efficientnet import central_pixels, load_efficientnet
from data_engine.embedding.histograms import load_histograms
from data_engine.errors import InvalidInput, SourceMissing

HISTOGRAMS = "colour-and-gradient-histograms"


def disc(colour: str, radius: int = 60, size: tuple[int, int] = (300, 200)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    middle = (size[0] // 2, size[1] // 2)
    ImageDraw.Draw(image).ellipse(
        (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=colour
    )
    return image


def stripes(direction: int) -> Image.Image:
    values = np.zeros((64, 64), dtype=np.uint8)
    values[:: 8 if direction == 0 else 1, :: 8 if direction else 1] = 255
    return Image.fromarray(values).convert("RGB")


@pytest.fixture(scope="module", params=[HISTOGRAMS, "efficientnet-lite0"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_ENGINE_CACHE", str(tmp_path_factory.getbasetemp() / "converted-models"))
        return load_encoder(request.param)


def test_embeddings_of_images_are_unit_rows_in_the_order_of_the_images(encoder: Encoder) -> None:
    images = [
        disc("red"),
        disc("blue", 20),
        stripes(0),
        disc("red").convert("L"),
        stripes(1),
        Image.new("RGB", (9, 3)),
    ]
    told: list[int] = []
    rows = encoder.encode(images, progress=told.append)
    assert (rows.shape, rows.dtype, sum(told)) == ((6, encoder.dim), np.float32, 6)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    for number in (0, 4):
        assert float(encoder.encode([images[number]])[0] @ rows[number]) > 0.999


def test_like_images_are_nearer_than_unlike_ones(encoder: Encoder) -> None:
    red, redder, blue, across = encoder.encode([disc("red"), disc("darkred", 64), disc("blue", 15), stripes(0)])
    assert red @ redder > red @ blue > red @ across


def test_an_encoder_of_images_refuses_texts(encoder: Encoder) -> None:
    with pytest.raises(InvalidInput, match="takes images only; name an encoder of texts"):
        encoder.encode(["red"])


def test_the_fallback_knows_colour_and_direction() -> None:
    encoder = load_histograms(HISTOGRAMS)
    red, blue, across, down, flat = encoder.encode(
        [disc("red"), disc("blue"), stripes(0), stripes(1), Image.new("RGB", (64, 64), "red")]
    )
    # Half of the vector is gradients: the discs share them and not their colours; the stripes share their colours.
    assert 0.5 < red @ blue < 1
    assert across @ down == pytest.approx(0.5, abs=0.05)
    assert np.flatnonzero(flat).tolist() == [64 // 8 * (64 // 8) * 9 + 3 * 16]


def test_both_engines_give_the_same_rows() -> None:
    images = [disc("red"), disc("navy", 90), stripes(0), stripes(1), disc("green", 30)]
    by_torch = load_efficientnet(engine="torch")
    fast = load_efficientnet(engine="openvino", precision="f32")
    assert by_torch.version != fast.version
    assert np.all((by_torch.encode(images) * fast.encode(images)).sum(axis=1) >= 0.9999)


def test_a_converted_model_is_kept_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path))
    made: list[str] = []

    def make() -> tuple[torch.nn.Module, torch.Tensor]:
        made.append("made")
        return torch.nn.Linear(3, 2).eval(), torch.zeros(2, 3)

    numbers = [np.float32([[n, 0, 1], [0, n, 1]])[: 1 if n == 9 else 2] for n in range(10)]
    first, second = (
        openvino.compiled("linear", make, batch_shape=(2, 3), precision="f32")(iter(numbers)) for _ in range(2)
    )
    results = list(first)
    assert [len(part) for part in results] == [2] * 9 + [1]
    assert all(np.array_equal(*pair) for pair in zip(results, second, strict=True))
    assert made == ["made"]
    assert len(list(tmp_path.glob("linear-openvino-*"))) == 2


def test_the_central_pixels_are_seven_eighths_of_the_shorter_side() -> None:
    image = Image.new("RGB", (512, 256), "white")
    image.paste("black", (256 - 112, 16, 256 + 112, 256 - 16))
    assert central_pixels(image).shape == (224, 224, 3)
    assert central_pixels(image).max() == 0
    assert central_pixels(Image.new("RGB", (1, 1))).shape == (224, 224, 3)


def test_timm_is_asked_for_where_it_is_not_installed() -> None:
    with pytest.raises(SourceMissing, match="needs the package timm; install it with pip install timm"):
        load_encoder("timm/vit_small_patch16_224")
