"""Encoders without weights: what looks alike is near."""

import numpy as np
import pytest
from drawn_images import disc, stripes
from PIL import Image

from data_engine.embedding import load_encoder
from data_engine.errors import InvalidInput


def test_the_fallback_knows_colour_and_direction() -> None:
    encoder = load_encoder("colour-and-gradient-histograms")
    red, blue, across, down, flat = encoder.encode(
        [disc("red"), disc("blue"), stripes(0), stripes(1), Image.new("RGB", (64, 64), "red")]
    )
    # Half of the vector is gradients: the discs share them and not their colours; the stripes share their colours.
    assert 0.5 < red @ blue < 1
    assert across @ down == pytest.approx(0.5, abs=0.05)
    assert np.flatnonzero(flat).tolist() == [64 // 8 * (64 // 8) * 9 + 3 * 16]


def test_texts_with_the_same_words_are_nearer_and_a_text_without_words_is_a_row_too() -> None:
    mit, also_mit, cooking, empty = load_encoder("hashed-ngrams").encode(
        ["the MIT License", "MIT License, the", "boil the potatoes", ""]
    )
    assert mit @ also_mit > 0.8 > 0.5 > mit @ cooking
    assert np.flatnonzero(empty).tolist() == [0]


@pytest.mark.parametrize("said", ["7", "65537", "-8", "few", "8.5"])
def test_a_number_of_hashed_values_that_is_none_is_refused_with_the_bounds(said: str) -> None:
    with pytest.raises(InvalidInput, match=f"asks for '{said}' values; give a whole number of 8 to 65,536"):
        load_encoder(f"hashed-ngrams/{said}")
