"""EfficientNet-Lite0 and the fallback of images: rows in the order of the images, near where these look alike."""

import numpy as np
import pytest
from drawn_images import disc, stripes
from PIL import Image

from data_engine.embedding import Encoder, load_encoder
from data_engine.embedding.efficientnet import central_pixels, load_efficientnet
from data_engine.errors import InvalidInput

HISTOGRAMS = "colour-and-gradient-histograms"


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


def test_both_engines_give_the_same_rows() -> None:
    images = [disc("red"), disc("navy", 90), stripes(0), stripes(1), disc("green", 30)]
    by_torch = load_efficientnet(engine="torch")
    fast = load_efficientnet(engine="openvino", precision="f32")
    assert by_torch.version != fast.version
    assert np.all((by_torch.encode(images) * fast.encode(images)).sum(axis=1) >= 0.9999)


def test_the_central_pixels_are_seven_eighths_of_the_shorter_side() -> None:
    image = Image.new("RGB", (512, 256), "white")
    image.paste("black", (256 - 112, 16, 256 + 112, 256 - 16))
    assert central_pixels(image).shape == (224, 224, 3)
    assert central_pixels(image).max() == 0
    assert central_pixels(Image.new("RGB", (1, 1))).shape == (224, 224, 3)
