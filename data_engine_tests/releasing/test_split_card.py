import numpy as np
import pyarrow as pa

from data_engine.releasing.split_card import splits_said, splits_section
from data_engine.releasing.splits import Leaks

ROWS = pa.table(
    {
        "split": ["train", "train", "train", "test"],
        "label": ["a", "b", "a", "a"],
        "leaf": [0, 0, 1, 2],
    }
)
LEAKS = Leaks(1, np.array([-1, -1, -1, 2]), 0.9512)


def test_the_manifest_says_how_many_samples_and_clusters_each_split_has_and_what_leaks() -> None:
    assert splits_said(ROWS, {"seed": 1, "least_cosine": 0.95}, LEAKS) == {
        "seed": 1,
        "least_cosine": 0.95,
        "samples": {"train": 3, "test": 1},
        "clusters": {"train": 2, "test": 1},
        "leaks": {"n_compared": 1, "n": 1, "highest_cosine": 0.95},
    }


def test_the_card_has_the_figure_of_the_leak_check_and_the_classes_that_a_split_lacks() -> None:
    section = splits_section(ROWS, {"splits": splits_said(ROWS, {"seed": 1, "least_cosine": 0.95}, LEAKS)})
    assert "| train | 3 | 75.0 % | 2 |" in section
    assert "Leak check: 1 of 1 samples outside `train`" in section
    assert "the most similar pair across splits has the cosine 0.95." in section
    assert "`test` has no sample of 1 of 2 classes: b." in section
    assert "`train` has no" not in section


def test_without_splits_there_is_no_section() -> None:
    assert splits_section(ROWS, {}) == ""
