import numpy as np
import pytest
from PIL import Image

from data_engine.duplicates.images.similarity import SmallImages
from data_engine.duplicates.images.sketch import sketch_of
from data_engine.images import words_of


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A smooth image, as photos are: a few soft blobs of colour."""
    values = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def small_images(images: list[Image.Image]) -> SmallImages:
    return SmallImages.of(np.stack([np.frombuffer(sketch_of(words_of(image)), np.uint8) for image in images]))


def test_the_similarity_is_told_by_the_worst_cell() -> None:
    # Black and white halves, and a block of 2 x 2 cells within the white one that is 51 of 255 shades darker.
    half = Image.new("RGB", (32, 32), "black")
    half.paste((255, 255, 255), (16, 0, 32, 32))
    spotted = half.copy()
    spotted.paste((204, 204, 204), (22, 10, 24, 12))
    small = small_images([half, spotted])
    same, other = small.similarities(0, np.arange(2))
    assert same == 1.0
    assert other == pytest.approx(1 - 51 / 255, abs=0.01)
    assert small.similarities(1, np.arange(1))[0] == pytest.approx(other)


def test_the_similarity_is_the_correlation_where_that_is_smaller() -> None:
    # Two faint images: no cell differs by more than 8 shades, but light and dark lie elsewhere.
    faint = [Image.new("RGB", (32, 32), (128, 128, 128)) for _ in range(2)]
    faint[0].paste((136, 136, 136), (16, 0, 32, 32))
    faint[1].paste((136, 136, 136), (0, 16, 32, 32))
    assert small_images(faint).similarities(0, np.array([1]))[0] == pytest.approx(0, abs=0.01)


def test_what_is_not_looked_at_closely_is_never_less_alike_than_it_is_and_on_the_same_side_of_the_limit() -> None:
    small, others = small_images([scene(seed) for seed in range(60)]), np.arange(60)
    for row in range(10):
        whole, hurried = small.similarities(row, others), small.similarities(row, others, least=0.9)
        assert (hurried >= whole).all()
        assert ((whole >= 0.9) == (hurried >= 0.9)).all()
        assert hurried[whole >= 0.9].tolist() == whole[whole >= 0.9].tolist()
