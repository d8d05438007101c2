import numpy as np
import pytest
from PIL import Image

from data_engine.filtering import compiled_looks, compiling, look_at, picture_measures, picture_sketches
from data_engine.filtering.picture_sketches import CHROMA, HASH, LUMA, fields, triangles
from data_engine.pictures import DecodedPicture, Words, words_of

SHAPES = [(1, 1), (1, 7), (2, 3), (3, 2), (4, 4), (5, 300), (33, 31), (64, 64), (240, 180), (511, 130)]


def noise(shape: tuple[int, int]) -> Words:
    values = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return words_of(Image.fromarray(values))


def scene(shape: tuple[int, int]) -> Words:
    """Soft blobs of colour between dark bars."""
    height, width = shape
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    sheet = Image.new("RGB", (width, height))
    sheet.paste(
        Image.fromarray(values).resize((width, max(1, height - height // 4)), Image.Resampling.BICUBIC),
        (0, height // 8),
    )
    return words_of(sheet)


def test_words_hold_red_green_and_blue_from_the_lowest_byte_on() -> None:
    words = words_of(Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)))
    assert (words & 0xFFFFFF).tolist() == [[0x030201, 0x060504]]


@pytest.mark.parametrize("drawn", [noise, scene])
@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_looks_are_those_of_numpy(shape: tuple[int, int], drawn) -> None:  # type: ignore[no-untyped-def]
    words = drawn(shape)
    measures, sketch = compiled_looks.both_of(words)
    np.testing.assert_allclose(measures, picture_measures.measures_of(words), rtol=1e-5, atol=1e-4)
    found, expected = (np.frombuffer(some, np.uint8) for some in (sketch, picture_sketches.sketch_of(words)))
    # What lies exactly between two shades is rounded up or down as the order of the sums has it.
    assert np.bitwise_count(found[HASH] ^ expected[HASH]).sum() <= 1
    assert np.abs(found[HASH.stop :].astype(int) - expected[HASH.stop :]).max() <= 1
    np.testing.assert_array_equal(compiled_looks.measures_of(words), measures)
    assert compiled_looks.sketch_of(words) == sketch


def test_measures_of_a_small_picture_are_those_computed_by_hand() -> None:
    # Red of 10, 20 and 30 on three columns, without green and blue: shades 3, 6 and 9 (2.99, 5.98, 8.97).
    words = np.tile(np.array([10, 20, 30], np.uint32), (4, 1))
    for measured in (picture_measures.measures_of(words), compiled_looks.measures_of(words)):
        assert measured.brightness == pytest.approx(5.98, abs=1e-5)
        assert measured.entropy_bits == pytest.approx(np.log2(3))
        assert (measured.clipped_dark_share, measured.clipped_bright_share) == (pytest.approx(1 / 3), 0)
        # The median colour is 20; no other red is within 4 of it.
        assert measured.solid_share == pytest.approx(1 / 3)
        assert measured.sharpness == pytest.approx(0, abs=1e-9)
        # Red less green is 10, 20, 30: standard deviation sqrt(200 / 3); the other difference is half of it.
        assert measured.colourfulness == pytest.approx(np.sqrt(1.25) * (np.sqrt(200 / 3) + 0.3 * 20))
        assert measured.is_greyscale == 0


def test_triangles_are_two_cells_wide_and_add_up_to_one() -> None:
    first, weights = triangles(8, 4)
    # Cells of two pixels with centres at 1, 3, 5 and 7; the first and the last triangle are cut off.
    assert first.tolist() == [0, 1, 2, 2]
    assert weights.tolist()[1] == pytest.approx([0.125, 0.375, 0.375, 0.125, 0, 0])
    assert weights.tolist()[0] == pytest.approx([3 / 7, 3 / 7, 1 / 7, 0, 0, 0])
    assert weights.sum(axis=1).tolist() == pytest.approx([1] * 4)
    # Pixels that are larger than cells are blended with the next.
    assert triangles(2, 4).weights.tolist()[1] == pytest.approx([0.75, 0.25])


def test_fields_are_whole_pixels_and_none_is_empty() -> None:
    assert fields(10) == [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert fields(1) == [(0, 1)] * 4


def test_the_cells_of_a_sketch_are_luma_and_colour() -> None:
    left_red = Image.new("RGB", (64, 64), (0, 0, 255))
    left_red.paste((255, 0, 0), (0, 0, 32, 64))
    sketch = np.frombuffer(picture_sketches.sketch_of(words_of(left_red)), np.uint8)
    luma, chroma = sketch[LUMA].reshape(32, 32), sketch[CHROMA].reshape(2, 4, 4)
    assert (luma[:, :15] == 76).all() and (luma[:, 17:] == 29).all()
    assert chroma[:, 0].tolist() == [[85, 85, 255, 255], [255, 255, 107, 107]]


@pytest.mark.parametrize("size", [(300, 200), (1000, 500), (2000, 100), (100, 2000)])
def test_large_pictures_are_looked_at_alike_whether_compiled_or_not(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)
    looks = []
    for is_compiled in (False, True):
        monkeypatch.setattr(compiling, "is_loaded", lambda _, answer=is_compiled: answer)
        looks.append(look_at(DecodedPicture(picture, "image/png", *size)))
    assert looks[0] is not None and looks[1] is not None
    assert looks[0].sketch == looks[1].sketch
    np.testing.assert_allclose(looks[0].measures, looks[1].measures, rtol=1e-4)


def test_compiled_code_is_loaded_for_many_pictures_or_where_it_is_loaded_already() -> None:
    assert compiling.loads(compiling.PICTURES)
    assert compiling.pays_for_pictures(1)
