"""Two groups of rows on a circle: six about 0 degrees, five about 90 degrees."""

import numpy as np

from data_engine.labeling import choose
from data_engine.labeling.inputs import Floats
from data_engine.labeling.strategies.diversity import pick_typical


def _at(*degrees: float) -> Floats:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


GROUPS = _at(-4, -2, 0, 0.5, 2, 4, 86, 88, 90, 92, 94)
NONE = np.empty(0, np.int64)


def test_the_most_typical_row_of_each_group_is_taken_the_larger_group_first() -> None:
    # The mean product with all others of the group is largest in its middle.
    assert pick_typical(GROUPS, NONE, 2, seed=0).tolist() in ([2, 8], [3, 8])


def test_a_group_that_has_a_label_comes_after_one_that_has_none() -> None:
    chosen = pick_typical(GROUPS, np.array([2]), 1, seed=0).tolist()
    assert chosen == [8]


def test_labelled_rows_are_never_chosen_again_and_all_others_can_be() -> None:
    chosen = pick_typical(GROUPS, np.array([2, 8]), 9, seed=0).tolist()
    assert sorted(chosen) == [0, 1, 3, 4, 5, 6, 7, 9, 10]


def test_typicality_takes_the_middle_of_each_group() -> None:
    rows = choose("typicality", batch_size=2, seed=0, embeddings=GROUPS, labelled=[], labels=[])
    assert rows.tolist() in ([2, 8], [3, 8])


def test_of_the_smallest_leads_the_cluster_with_fewest_candidates_gives_first() -> None:
    # Doubtful are four rows of the large group and one of the small; one of each is asked, the rarer place first.
    lead = np.array([0.9, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9, 0.9, 0.15, 0.9, 0.9])
    probabilities = np.stack([(1 + lead) / 2, (1 - lead) / 2], axis=1)
    known = {"embeddings": GROUPS, "labelled": [0, 6], "labels": [0, 1], "probabilities": probabilities}
    rows = choose("cluster_margin", batch_size=2, seed=0, **known).tolist()
    assert rows == [8, 1]
