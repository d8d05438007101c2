import numpy as np

from data_engine.labeling import choose


def test_hybrid_without_a_classifier_takes_one_typical_sample_of_each_group(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    rows = choose("hybrid", batch_size=5, seed=0, embeddings=data.x, labelled=[], labels=[])
    assert sorted(data.y[rows]) == [0, 1, 2, 3, 4]


def test_hybrid_prefers_groups_without_a_label(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    labelled = np.flatnonzero(data.y < 3)[:3]
    rows = choose("hybrid", batch_size=2, seed=0, embeddings=data.x, labelled=labelled, labels=data.y[labelled])
    assert sorted(data.y[rows]) == [3, 4]


def test_hybrid_spreads_its_uncertain_picks_over_groups(make_classes) -> None:
    """Two groups equally uncertain, one of them a little more: margin takes one group only, hybrid both."""
    data = make_classes(80, 2, noise=0.1)
    lead = np.where(data.y == 0, 0.0, 0.02)
    probabilities = np.stack([0.5 + lead / 2, 0.5 - lead / 2], axis=1)
    known = {"embeddings": data.x, "labelled": [0, 1, 2, 3], "labels": [0, 1, 0, 1], "probabilities": probabilities}
    assert set(data.y[choose("margin", batch_size=6, seed=0, **known)]) == {0}
    assert set(data.y[choose("hybrid", batch_size=6, seed=0, **known)]) == {0, 1}
