import pytest

from data_engine.errors import NotEnoughData
from data_engine.filtering.learned.character_model import fit_character_model

SENTENCES = [
    f"The {noun} stands in the garden of the old town." for noun in ("house", "tree", "chair", "horse", "fence")
]


def test_without_context_a_probability_is_that_of_witten_and_bell() -> None:
    # 100 characters of one kind: P(a) = (100 + 1 x 1/2) / (100 + 1), any other character (0 + 1 x 1/2) / 101.
    model = fit_character_model(["a" * 100], order=0)
    assert model.perplexity("aa") == pytest.approx(101 / 100.5)
    assert model.perplexity("b") == pytest.approx(101 / 0.5)
    assert model.perplexity("ab") == pytest.approx((101 / 100.5 * 101 / 0.5) ** 0.5)


def test_a_longer_context_makes_what_follows_it_less_surprising() -> None:
    texts = ["ab" * 60]
    without, with_one = (fit_character_model(texts, order=order).perplexity("abab") for order in (0, 1))
    # After an a there is always a b: P(b | a) = (60 + 1 x P(b)) / (60 + 1).
    assert without is not None
    assert with_one is not None
    assert with_one < 1.3 < 1.9 < without


def test_a_text_like_the_examples_is_less_surprising_than_one_of_other_words_and_than_noise() -> None:
    model = fit_character_model(SENTENCES)
    texts = ("The horse stands in the old garden.", "Rebate applies only upon activation!", "x9#k)) vQ=zz~~ 0x!!")
    same, other, noise = (model.perplexity(text) or 0 for text in texts)
    assert 1 < same < other / 3
    assert other < noise


def test_digits_and_white_space_count_as_one_another_and_nothing_has_no_perplexity() -> None:
    model = fit_character_model([*SENTENCES, "In the year 1984 there were 12."])
    assert model.perplexity("In 1999\n there") == model.perplexity("In 2024 there")
    assert model.perplexity("  \n ") is None
    assert model.perplexity("字") is not None


def test_the_version_changes_with_the_examples_and_few_of_them_are_refused() -> None:
    assert fit_character_model(SENTENCES).version == fit_character_model(SENTENCES).version
    assert fit_character_model(SENTENCES).version != fit_character_model(SENTENCES[1:]).version
    with pytest.raises(NotEnoughData, match=r"hold 3 characters; .* needs at least 100: give more good examples"):
        fit_character_model(["abc"])
