import time

import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling import Classifier, fit_classifier


def test_separated_classes_are_learnt_and_rows_sum_to_one(make_classes) -> None:
    data = make_classes(200, 4)
    probabilities = fit_classifier(data.x[:100], data.y[:100], seed=0, n_classes=4).predict_proba(data.x[100:])
    assert probabilities.dtype == np.float32
    assert (probabilities.argmax(axis=1) == data.y[100:]).mean() > 0.95
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_solution_is_the_one_of_an_independent_solver(make_classes) -> None:
    from sklearn.linear_model import LogisticRegression

    data = make_classes(120, 3, noise=0.8)
    ours = fit_classifier(data.x, data.y, seed=0, n_classes=3).predict_proba(data.x)
    theirs = LogisticRegression(C=20, tol=1e-6, max_iter=1000).fit(data.x, data.y).predict_proba(data.x)
    assert np.abs(ours - theirs).max() < 0.02


def test_classes_without_examples_keep_their_column_at_probability_zero(make_classes) -> None:
    data = make_classes(60, 2)
    probabilities = fit_classifier(data.x, data.y * 3, seed=0, n_classes=5).predict_proba(data.x)
    assert probabilities.shape == (60, 5)
    assert probabilities[:, [1, 2, 4]].max() == 0


def test_a_single_class_is_predicted_with_certainty(make_classes) -> None:
    data = make_classes(10, 1)
    classifier = fit_classifier(data.x, data.y + 1, seed=0, n_classes=3).calibrate(data.x, np.zeros(10, dtype=int))
    assert classifier.predict_proba(data.x).tolist() == [[0.0, 1.0, 0.0]] * 10


def test_same_seed_gives_the_same_version_and_other_labels_another(make_classes) -> None:
    data = make_classes(60, 3)
    first = fit_classifier(data.x, data.y, seed=1, n_classes=3)
    assert first.version == fit_classifier(data.x, data.y, seed=1, n_classes=3).version
    assert first.version != fit_classifier(data.x, data.y[::-1].copy(), seed=1, n_classes=3).version
    assert len(first.version) == 16


def test_calibrating_gives_a_new_classifier_that_predicts_the_same_classes(make_classes) -> None:
    data = make_classes(300, 5, noise=0.9)
    plain = fit_classifier(data.x[:100], data.y[:100], seed=0, n_classes=5)
    calibrated = plain.calibrate(data.x[100:], data.y[100:])
    assert plain.temperature == 1.0
    assert calibrated.temperature != 1.0
    assert calibrated.version != plain.version
    before, after = plain.predict_proba(data.x[100:]), calibrated.predict_proba(data.x[100:])
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    rows = np.arange(200)
    assert np.log(after[rows, data.y[100:]]).mean() > np.log(before[rows, data.y[100:]]).mean()


def test_bytes_bring_back_the_same_classifier_and_are_equal_for_equal_classifiers(make_classes) -> None:
    data = make_classes(60, 3)
    classifier = fit_classifier(data.x, data.y, seed=0, n_classes=3, class_names=("a", "b", "größer"))
    again = Classifier.from_bytes(classifier.to_bytes())
    assert again.version == classifier.version
    assert again.class_names == ("a", "b", "größer")
    assert (again.predict_proba(data.x) == classifier.predict_proba(data.x)).all()
    assert again.to_bytes() == classifier.to_bytes()
    assert Classifier.from_bytes(fit_classifier(data.x, data.y, seed=0, n_classes=3).to_bytes()).class_names == ()


def test_bytes_that_are_no_classifier_are_refused() -> None:
    with pytest.raises(InvalidInput, match="artefact of 7 bytes is no classifier"):
        Classifier.from_bytes(b"nothing")


def test_wrong_input_is_refused_with_rows_and_numbers(make_classes) -> None:
    data = make_classes(10, 2)
    with pytest.raises(NotEnoughData, match="0 labelled samples"):
        fit_classifier(data.x[:0], data.y[:0], seed=0, n_classes=2)
    with pytest.raises(InvalidInput, match=r"value 1 in rows 1, 3, 5, 7, 9; class numbers are 0 \.\. 0"):
        fit_classifier(data.x, data.y, seed=0, n_classes=1)
    with pytest.raises(InvalidInput, match="1 names but n_classes is 2"):
        fit_classifier(data.x, data.y, seed=0, n_classes=2, class_names=("a",))
    spoilt = data.x.copy()
    spoilt[[2, 5], 0] = np.nan
    with pytest.raises(InvalidInput, match="rows 2, 5"):
        fit_classifier(spoilt, data.y, seed=0, n_classes=2)
    with pytest.raises(InvalidInput, match="16 are needed"):
        fit_classifier(data.x, data.y, seed=0, n_classes=2).predict_proba(data.x[:, :3])


def test_131_classes_of_1500_samples_cost_less_than_400_of_their_products(make_classes) -> None:
    """A ratio to the bare products in the same process, because seconds on a shared machine mean nothing."""
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(0)
    x = generator.normal(size=(1500, 384)).astype(np.float32)
    x[np.arange(1500), np.arange(1500) % 131] += 15
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    weights = generator.normal(size=(384, 131)).astype(np.float32)
    with threadpool_limits(1):
        started = time.perf_counter()
        for _ in range(20):
            x.T @ (x @ weights)
        products = (time.perf_counter() - started) / 20
    started = time.perf_counter()
    fit_classifier(x, np.arange(1500) % 131, seed=0, n_classes=131)
    assert time.perf_counter() - started < 400 * products


def test_neighbours_that_vote_make_a_far_away_sample_less_certain() -> None:
    # Two classes on two axes; the layer alone is most sure beyond what it has seen, the neighbours disagree there.
    x = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0.8, 0.6]], dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.array([0, 0, 1, 1, 1])
    alone = fit_classifier(x, y, seed=0, n_classes=3)
    together = fit_classifier(x, y, seed=0, n_classes=3, n_neighbours=3)
    probabilities = together.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert probabilities[:, 2].max() == 0
    assert (probabilities[:4].argmax(axis=1) == y[:4]).all()
    assert together.version != alone.version
    again = Classifier.from_bytes(together.to_bytes())
    assert again.version == together.version
    np.testing.assert_array_equal(again.predict_proba(x), probabilities)


def test_more_neighbours_than_samples_are_all_of_them() -> None:
    x = np.eye(2, dtype=np.float32)
    classifier = fit_classifier(x, np.array([0, 1]), seed=0, n_classes=2, n_neighbours=5)
    assert classifier.predict_proba(x).argmax(axis=1).tolist() == [0, 1]
