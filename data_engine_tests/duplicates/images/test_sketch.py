import numpy as np
from PIL import Image

from data_engine.duplicates.images.sketch import SKETCH_BYTES, cells_of, triangles
from data_engine.duplicates.images.sketch import sketch_of as sketch_of_words
from data_engine.images import words_of


def sketch_of(image: Image.Image) -> bytes:
    return sketch_of_words(words_of(image))


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A smooth image, as photos are: a few soft blobs of colour."""
    values = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def test_a_sketch_has_its_length_and_the_same_image_has_the_same() -> None:
    assert len(sketch_of(scene(1))) == SKETCH_BYTES == 1064
    assert sketch_of(scene(1)) == sketch_of(scene(1).copy())


def test_the_hash_says_which_cells_grow_brighter_to_the_right() -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 252, 3.5, dtype=np.float32).astype(np.uint8), (64, 1))).convert("RGB")
    assert sketch_of(ramp)[:8] == b"\xff" * 8
    assert sketch_of(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT))[:8] == b"\x00" * 8


def test_cells_of_an_image_are_32_by_32_and_those_of_the_hash_8_by_9_over_them() -> None:
    luma, over_luma = cells_of((64, 320))
    assert [len(part) for part in luma] == [32] * 4
    assert [len(part) for part in over_luma] == [8, 8, 9, 9]


def test_triangles_are_two_cells_wide_and_add_up_to_a_whole_cell() -> None:
    first, weights = triangles(8, 4)
    # Cells of two pixels with centres at 1, 3, 5 and 7; the first and the last triangle are cut off.
    assert first.tolist() == [0, 1, 2, 2]
    assert weights.tolist()[1] == [1024, 3072, 3072, 1024, 0, 0]
    # 8,192 times 3/7, 3/7 and 1/7 are 3510.9, 3510.9 and 1170.3.
    assert weights.tolist()[0] == [3511, 3511, 1170, 0, 0, 0]
    assert weights.sum(axis=1).tolist() == [8192] * 4
    # Pixels that are larger than cells are blended with the next.
    assert triangles(2, 4).weights.tolist()[1] == [6144, 2048]
