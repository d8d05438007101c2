"""Encoders: items of one modality, and the error where they are not; fingerprints of weights."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from data_engine.embedding import Encoder, load_encoder
from data_engine.embedding.encoder import weights_fingerprint
from data_engine.errors import InvalidInput

WEIGHTS = {"a": torch.arange(3.0), "b": torch.ones(2, 400)}


def _ones(items: Sequence[str], advance: Callable[[int], object]) -> NDArray[np.float32]:
    return np.ones((len(items), 1), dtype=np.float32)


def test_texts_of_the_same_meaning_are_nearer() -> None:
    minilm = load_encoder("all-MiniLM-L6-v2")
    mit, also_mit, cooking = minilm.encode(["MIT License", "licensed under the MIT licence", "boil the potatoes"])
    assert mit @ also_mit > 0.6 > 0.3 > mit @ cooking


def test_an_item_that_is_no_text_is_named() -> None:
    with pytest.raises(InvalidInput, match="item 1 is a int"):
        load_encoder("hashed-ngrams").encode(["a", 2])  # type: ignore[list-item]


def test_texts_and_images_together_are_refused_whatever_the_encoder_takes() -> None:
    encoder = Encoder(name="both", dim=1, version="both", _embed=_ones)
    assert encoder.encode(["a"]).tolist() == encoder.encode([Image.new("L", (1, 1))]).tolist() == [[1.0]]
    with pytest.raises(InvalidInput, match="item 1 is a Image; give texts only, or PIL images only"):
        encoder.encode(["a", Image.new("L", (1, 1))])  # type: ignore[list-item]


def test_the_other_modality_is_refused_with_the_name_of_the_encoder() -> None:
    encoder = Encoder(name="one kind", dim=1, version="one kind", _embed=_ones, modality="text")
    with pytest.raises(InvalidInput, match="the encoder 'one kind' takes texts only; name an encoder of images"):
        encoder.encode([Image.new("L", (1, 1))])


@pytest.mark.parametrize(
    "other",
    [
        {"a": torch.arange(3.0) + 1, "b": torch.ones(2, 400)},
        {"a": torch.arange(3.0), "c": torch.ones(2, 400)},
        {"a": torch.arange(3.0), "b": torch.ones(400, 2)},
    ],
)
def test_other_values_names_or_shapes_are_another_fingerprint(other: dict[str, torch.Tensor]) -> None:
    assert weights_fingerprint(other) != weights_fingerprint(WEIGHTS)


def test_the_fingerprint_knows_settings_and_no_order_of_names() -> None:
    assert weights_fingerprint(dict(reversed(WEIGHTS.items()))) == weights_fingerprint(WEIGHTS)
    assert weights_fingerprint(WEIGHTS, settings="mean") != weights_fingerprint(WEIGHTS)
