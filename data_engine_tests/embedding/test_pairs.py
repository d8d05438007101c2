import numpy as np
import pytest
from PIL import Image

from data_engine.embedding import load_encoder
from data_engine.embedding.pairs import Pair
from data_engine.errors import InvalidInput

IMAGES = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "red")]
TEXTS = ["a red square", "a red square", "something else altogether"]
BOTH = "colour-and-gradient-histograms|hashed-ngrams"


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_cosine_of_two_pairs_is_the_weighted_mean_of_those_of_their_parts(share: float) -> None:
    encoder = load_encoder(f"pairs/{share}/{BOTH}")
    rows = encoder.encode([Pair(image, text) for image, text in zip(IMAGES, TEXTS, strict=True)])
    images = load_encoder("colour-and-gradient-histograms").encode(IMAGES)
    texts = load_encoder("hashed-ngrams").encode(TEXTS)
    wanted = share * images @ images.T + (1 - share) * texts @ texts.T
    np.testing.assert_allclose(rows @ rows.T, wanted, atol=1e-5)
    assert encoder.dim == rows.shape[1]


def test_the_version_says_the_mix_and_both_encoders() -> None:
    assert (
        load_encoder(f"pairs/0.5/{BOTH}").version
        == "pairs-0.5-colour-and-gradient-histograms-640-1|hashed-ngrams-256-1"
    )


@pytest.mark.parametrize("name", ["pairs/", "pairs/two/a|b", "pairs/1.5/a|b", "pairs/0.5/"])
def test_a_name_that_is_none_of_pairs_is_refused_with_the_form_of_one(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"write pairs/SHARE/IMAGE_ENCODER\|TEXT_ENCODER"):
        load_encoder(name)


def test_encoders_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidInput, match="embeds images by 'hashed-ngrams', which takes texts only"):
        load_encoder("pairs/0.5/hashed-ngrams|hashed-ngrams")


def test_pairs_and_single_texts_do_not_go_together() -> None:
    with pytest.raises(InvalidInput, match="takes image_texts only"):
        load_encoder(f"pairs/0.5/{BOTH}").encode(["a text"])
