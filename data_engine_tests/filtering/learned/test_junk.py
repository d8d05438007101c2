from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering import JunkClassifier, fit_junk_classifier
from data_engine.filtering.learned.junk import _shape, _threshold


def examples(n_clean: int = 150, n_junk: int = 50, seed: int = 0) -> tuple[list[str], list[bool]]:
    generator = np.random.default_rng(seed)
    words = ["under", "terms", "of", "the", "licence", "this", "file", "may", "be", "used", "copied", "and", "changed"]
    clean = [" ".join(generator.choice(words, 6)) for _ in range(n_clean)]
    junk = [f"#define {generator.choice(words).upper()}_{generator.integers(100)}" for _ in range(n_junk)]
    return clean + junk, [False] * n_clean + [True] * n_junk


@pytest.fixture(scope="module")
def classifier() -> JunkClassifier:
    texts, marks = examples()
    return fit_junk_classifier(texts, marks, seed=0, keep_clean_share=0.98)


def test_unseen_junk_scores_above_the_threshold_and_clean_text_below(classifier: JunkClassifier) -> None:
    texts, marks = examples(seed=1)
    scores = classifier.score(texts)
    assert scores.shape == (200,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()
    is_junk = np.array(marks)
    assert (scores[is_junk] > classifier.threshold).mean() > 0.9
    assert (scores[~is_junk] <= classifier.threshold).mean() > 0.95


def test_of_very_many_examples_of_a_kind_so_many_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_engine.filtering.learned.junk._MOST_PER_CLASS", 60)
    texts, marks = examples()
    learnt = fit_junk_classifier(texts, marks, seed=0, keep_clean_share=0.98)
    assert (learnt.n_clean, learnt.n_junk) == (60, 50)
    again = fit_junk_classifier(texts, marks, seed=0, keep_clean_share=0.98)
    assert again.version == learnt.version
    assert learnt.version != fit_junk_classifier(texts, marks, seed=1, keep_clean_share=0.98).version


def test_the_same_examples_and_seed_give_the_same_classifier(classifier: JunkClassifier) -> None:
    texts, marks = examples()
    again = fit_junk_classifier(texts, np.array(marks), seed=0, keep_clean_share=0.98)
    assert again.to_bytes() == classifier.to_bytes()
    assert again.version == classifier.version
    other = fit_junk_classifier(*examples(seed=2), seed=0, keep_clean_share=0.98)
    assert other.version != classifier.version
    assert replace(classifier, threshold=0.123).version != classifier.version


def test_a_classifier_survives_storage(classifier: JunkClassifier) -> None:
    read = JunkClassifier.from_bytes(classifier.to_bytes())
    texts, _ = examples(seed=3)
    assert (read.score(texts) == classifier.score(texts)).all()
    assert (read.threshold, read.version) == (classifier.threshold, classifier.version)
    assert (read.n_clean, read.n_junk, read.keep_clean_share) == (150, 50, 0.98)
    assert len(classifier.to_bytes()) < 100_000


def test_bytes_of_something_else_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the 4 bytes are no junk classifier"):
        JunkClassifier.from_bytes(b"junk")


def test_the_threshold_keeps_the_share_where_no_junk_scores_above() -> None:
    scores, junk = np.arange(200) / 200, np.array([0.0])
    assert _threshold(scores, junk, 0.995) == scores[198]
    assert _threshold(scores, junk, 0.9) == scores[179]
    assert _threshold(scores[::-1][:10], junk, 0.999) == scores[199]


def test_the_threshold_lies_half_way_in_log_odds_to_the_next_junk() -> None:
    # Odds of 1 to 999 and of 999 to 1: half way between them is even.
    assert _threshold(np.array([0.0001, 0.001]), np.array([0.0005, 0.999, 1.0]), 1.0) == pytest.approx(0.5)


def test_scores_of_zero_and_one_have_a_threshold_between_them() -> None:
    assert _threshold(np.zeros(3), np.ones(3), 0.5) == pytest.approx(0.5, abs=1e-3)


def test_a_stricter_share_gives_a_higher_threshold() -> None:
    texts, marks = examples()
    marks[:5] = [True] * 5
    thresholds = [fit_junk_classifier(texts, marks, seed=0, keep_clean_share=share).threshold for share in (0.8, 0.99)]
    assert thresholds[0] < thresholds[1]


@pytest.mark.parametrize(("n_clean", "n_junk"), [(100, 9), (9, 100), (0, 20)])
def test_too_few_examples_are_named(n_clean: int, n_junk: int) -> None:
    expected = f"there are {n_junk} examples of junk and {n_clean} clean ones.*at least 10 of each: name more batches"
    with pytest.raises(NotEnoughData, match=expected):
        fit_junk_classifier(*examples(n_clean, n_junk), seed=0, keep_clean_share=0.99)


def test_one_mark_for_each_text_is_needed() -> None:
    with pytest.raises(InvalidInput, match=r"is_junk has shape \(1,\) but there are 2 texts"):
        fit_junk_classifier(["a", "b"], [True], seed=0, keep_clean_share=0.99)


@pytest.mark.parametrize("texts", [[], [""], ["\n"], ["字" * 10_000], ["x" * 50_000]])
def test_any_text_has_a_score(classifier: JunkClassifier, texts: list[str]) -> None:
    assert classifier.score(texts).shape == (len(texts),)


def test_the_outline_of_a_text_shrinks_runs() -> None:
    assert _shape("GPLv2 or  later;\n") == "^Aa0 a a; $"


def test_a_classifier_cannot_be_changed(classifier: JunkClassifier) -> None:
    changed: Any = classifier
    with pytest.raises(FrozenInstanceError):
        changed.threshold = 0.0
