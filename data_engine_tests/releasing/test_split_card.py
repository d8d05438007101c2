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


def test_tiles_that_lie_together_are_said_to_be_on_one_side_and_those_at_a_border_are_counted() -> None:
    said = splits_said(ROWS, {"seed": 1, "least_cosine": 0.95}, LEAKS)
    ground = {"block_km": None, "n_groups": 3, "n_without_place": 0, "n_touching_another_split": 2}
    section = splits_section(ROWS, {"splits": {**said, "ground": ground}})
    assert "Tiles that overlap or touch, and all that hang together in this way, are on one side" in section
    assert "3 groups. Spatial leak check: 2 tiles outside `train` overlap or touch one of another split." in section
    assert "1 of 1 samples outside `train`" in section
    section = splits_section(ROWS, {"splits": {**said, "ground": {**ground, "block_km": 20}}})
    assert "Tiles whose middle lies in one block of ground of about 20 km are on one side" in section


def test_without_splits_there_is_no_section() -> None:
    assert splits_section(ROWS, {}) == ""
