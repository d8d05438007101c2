"""Similarities are those of NumPy to six decimals."""

from io import BytesIO

import numpy as np
import pytest
from image_oracles import similarities
from PIL import Image

from data_engine.duplicates.images.similarity import SmallImages
from data_engine.duplicates.images.sketch import sketch_of
from data_engine.images import words_of
from data_engine.kernels import loading


@pytest.fixture(scope="module")
def small() -> SmallImages:
    """Twelve scenes and three images of one grey; then all of them as JPEG, then all with a white mark."""
    grounds = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(
            (320, 240), Image.Resampling.BICUBIC
        )
        for seed in range(12)
    ]
    grounds += [Image.new("RGB", (64, 64), (n, n, n)) for n in (0, 3, 200)]
    images = [*grounds, *map(as_jpeg, grounds), *map(marked, grounds)]
    return SmallImages.of(np.stack([np.frombuffer(sketch_of(words_of(image)), np.uint8) for image in images]))


def as_jpeg(image: Image.Image) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=40)
    return Image.open(BytesIO(stream.getvalue())).convert("RGB")


def marked(image: Image.Image) -> Image.Image:
    copied = image.copy()
    copied.paste((255, 255, 255), (280, 210, 300, 225))
    return copied


@pytest.mark.parametrize("least", [0.0, 0.97])
def test_similarities_are_those_of_numpy(least: float, small: SmallImages) -> None:
    rows, others = range(15), np.arange(45)
    expected = np.stack([similarities(small, row, others, least=least) for row in rows])
    found = np.stack([small.similarities(row, others, least=least) for row in rows])
    # A similarity below the limit is only known to be below it.
    is_open = expected >= least
    assert ((found >= least) == is_open).all()
    assert found[is_open].tolist() == expected[is_open].tolist()
    assert is_open.sum() >= 30
    assert "image_similarity._fill" in loading.kernels_used()
