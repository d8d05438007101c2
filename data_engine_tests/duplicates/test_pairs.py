import numpy as np
import pytest
from PIL import Image

from data_engine.duplicates.images.sketch import sketch_of
from data_engine.duplicates.pairs import PAIR_BYTES, find_pair_twins, images_of, pair_sketch, stacked_pairs
from data_engine.errors import InvalidInput
from data_engine.images import words_of

SEA, HILL = "a small boat with a red sail on a calm sea at dusk", "three sheep on a green hill below grey clouds"


def _image(number: int) -> bytes:
    coarse = np.random.default_rng(number).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return sketch_of(words_of(Image.fromarray(coarse).resize((48, 40), Image.Resampling.BICUBIC)))


def _twins(*pairs: tuple[int, str], accepted: tuple[tuple[int, str], ...] = ()) -> list[tuple[bool, int] | None]:
    sketches, known = ([pair_sketch(_image(n), text) for n, text in some] for some in (pairs, accepted))
    found = find_pair_twins(sketches, image_threshold=0.97, text_threshold=0.8, accepted=known)
    return [None if twin is None else (twin.is_accepted, twin.row) for twin in found]


def test_a_pair_repeats_another_only_where_both_of_its_parts_do() -> None:
    assert _twins((0, SEA), (0, HILL), (1, SEA), (0, f"{SEA}.")) == [None, None, None, (False, 0)]


def test_another_number_in_the_caption_is_another_caption() -> None:
    assert _twins((0, "a jersey with number 7 on it"), (0, "a jersey with number 8 on it")) == [None, None]


def test_an_accepted_pair_is_named_first() -> None:
    assert _twins((0, SEA), (1, HILL), accepted=((0, SEA),)) == [(True, 0), None]


def test_a_sketch_is_that_of_the_image_and_that_of_the_caption() -> None:
    rows = stacked_pairs([pair_sketch(_image(3), SEA)])
    assert rows.shape == (1, PAIR_BYTES)
    assert images_of(rows)[0].tobytes() == _image(3)
    with pytest.raises(InvalidInput, match="a sketch of a pair has 3 bytes, 1576 are written by this version"):
        stacked_pairs([b"abc"])
