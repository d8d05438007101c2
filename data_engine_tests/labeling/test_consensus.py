import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import consensus


def answers(n_samples: int, n_classes: int, accuracies: list[float], *, seed: int = 0) -> tuple[dict, np.ndarray]:
    """Every annotator answers every sample, right with its own probability, else uniformly wrong."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, n_classes, n_samples)
    columns: dict[str, list[int]] = {"sample": [], "annotator": [], "label": []}
    for annotator, accuracy in enumerate(accuracies):
        wrong = (truth + generator.integers(1, n_classes, n_samples)) % n_classes
        given = np.where(generator.random(n_samples) < accuracy, truth, wrong)
        columns["sample"] += range(n_samples)
        columns["annotator"] += [annotator] * n_samples
        columns["label"] += given.tolist()
    return columns, truth


@pytest.mark.parametrize("n_classes", [3, 20])
def test_two_against_one_wins(n_classes: int) -> None:
    found = consensus({"sample": [7, 7, 7], "annotator": [0, 1, 2], "label": [1, 1, 2]}, n_classes=n_classes)
    assert (found.samples.tolist(), found.labels.tolist()) == ([7], [1])
    assert found.posterior.shape == (1, n_classes)
    assert found.posterior.sum() == pytest.approx(1)


@pytest.mark.parametrize("n_classes", [4, 30])
def test_good_annotators_outweigh_a_majority_of_guessers(n_classes: int) -> None:
    columns, truth = answers(300, n_classes, [0.95, 0.9, 1 / n_classes, 1 / n_classes, 1 / n_classes])
    found = consensus(columns, n_classes=n_classes)
    assert (found.labels == truth).mean() > 0.9
    assert found.annotator_quality[0] == pytest.approx(0.95, abs=0.05)
    assert found.annotator_quality[4] < 0.4


def test_an_annotator_who_always_swaps_two_classes_helps_where_classes_are_few() -> None:
    columns, truth = answers(400, 2, [0.8, 0.8, 0.02])
    assert (consensus(columns, n_classes=2).labels == truth).mean() > 0.95


def test_the_classifier_decides_where_two_annotators_disagree() -> None:
    columns = {"sample": [0, 0], "annotator": [0, 1], "label": [3, 5]}
    opinion = np.full((1, 12), 0.01)
    opinion[0, 5] = 0.89
    assert consensus(columns, n_classes=12, probabilities=opinion).labels.tolist() == [5]


def test_tables_frames_and_dictionaries_give_the_same_answer() -> None:
    columns, _ = answers(20, 3, [0.9, 0.7])
    wanted = consensus(columns, n_classes=3).posterior
    for kind in (pa.table, pd.DataFrame):
        assert (consensus(kind(columns), n_classes=3).posterior == wanted).all()


def test_no_answers_give_an_empty_consensus() -> None:
    empty = {name: np.empty(0, dtype=int) for name in ("sample", "annotator", "label")}
    found = consensus(empty, n_classes=3)
    assert found.labels.shape == (0,)
    assert found.annotator_quality == {}


def test_wrong_annotations_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no column 'label'"):
        consensus({"sample": [0], "annotator": [0]}, n_classes=2)
    with pytest.raises(InvalidInput, match=r"label has the value 2 in row 0; class numbers are 0 .. 1"):
        consensus({"sample": [0], "annotator": [0], "label": [2]}, n_classes=2)
    with pytest.raises(InvalidInput, match="sample 3 has answers but probabilities has 1 rows"):
        consensus({"sample": [3], "annotator": [0], "label": [1]}, n_classes=2, probabilities=np.array([[0.5, 0.5]]))


@pytest.mark.parametrize("n_classes", [3, 12])
def test_what_somebody_decided_is_the_label_and_annotators_are_judged_by_it(n_classes) -> None:
    columns = {"sample": [0, 0, 1, 1], "annotator": [0, 1, 0, 1], "label": [1, 2, 1, 2]}
    found = consensus(columns, n_classes=n_classes, known={0: 2})
    assert found.labels.tolist() == [2, 2]
    assert found.posterior[0].tolist() == [0.0, 0.0, 1.0, *[0.0] * (n_classes - 3)]
    assert found.annotator_quality[1] > found.annotator_quality[0]


@pytest.mark.parametrize("n_classes", [3, 12])
def test_who_misses_traps_is_outvoted_by_who_catches_them(n_classes) -> None:
    columns = {"sample": [0, 0], "annotator": [7, 8], "label": [1, 2]}
    assert consensus(columns, n_classes=n_classes, traps={7: (0, 4), 8: (4, 0)}).labels.tolist() == [2]
    assert consensus(columns, n_classes=n_classes, traps={7: (4, 0), 8: (0, 4)}).labels.tolist() == [1]
    two_against_one = {"sample": [0, 0, 0], "annotator": [5, 6, 8], "label": [1, 1, 2]}
    traps = {5: (0, 9), 6: (0, 9), 8: (9, 0)}
    assert consensus(two_against_one, n_classes=n_classes).labels.tolist() == [1]
    assert consensus(two_against_one, n_classes=n_classes, traps=traps).labels.tolist() == [2]


def test_no_traps_and_nothing_known_change_nothing() -> None:
    columns, _ = answers(30, 4, [0.9, 0.7, 0.6])
    wanted = consensus(columns, n_classes=4)
    found = consensus(columns, n_classes=4, known={}, traps={0: (0, 0), 99: (3, 1)})
    assert (found.posterior == wanted.posterior).all()


def test_of_many_annotators_with_few_answers_each_those_that_are_often_right_are_still_told_from_the_others() -> None:
    """100 annotators of 18 answers each, half of them right 95 times in a hundred and half 45; ten classes."""
    for seed in range(3):
        generator = np.random.default_rng(seed)
        truth, skill = generator.integers(0, 10, 600), generator.choice([0.45, 0.95], 100)
        sample = np.repeat(np.arange(600), 3)
        annotator = np.concatenate([generator.permutation(100)[:3] for _ in truth])
        other = np.where(generator.random(1800) < 0.5, truth[sample] ^ 1, generator.integers(0, 10, 1800))
        label = np.where(generator.random(1800) < skill[annotator], truth[sample], other)
        votes = np.zeros((600, 10))
        np.add.at(votes, (sample, label), 1)
        by_majority = ((votes + generator.random(votes.shape) / 9).argmax(axis=1) == truth).mean()
        agreed = consensus({"sample": sample, "annotator": annotator, "label": label}, n_classes=10)
        assert (agreed.labels == truth).mean() > by_majority + 0.03
