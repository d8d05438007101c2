import numpy as np
import pyarrow as pa
import pytest

from data_engine.clustering import ClusterTree
from data_engine.errors import NotEnoughData
from data_engine.releasing.rows import exported_rows, release_fingerprint
from data_engine.releasing.splits import groups_of, leaks_between, splits_of, videos_of, with_splits
from data_engine.schemas import RELEASE

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def _plane(*degrees: float) -> np.ndarray:
    """Unit rows at these angles."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _tree(*degrees: float) -> ClusterTree:
    """A tree of one level whose centroids are at these angles."""
    return ClusterTree.from_centroids([_plane(*degrees)], [], np.zeros(1, np.int32))


def _split_counts(splits: list[str]) -> dict[str, int]:
    return {name: splits.count(name) for name in SHARES}


def test_clusters_with_a_near_duplicate_between_them_are_one_group() -> None:
    # 9 and 11 degrees lie in two clusters, 2 degrees apart: a cosine of 0.9994. The third cluster is far away.
    x, leaf = _plane(0, 9, 11, 20, 90), np.array([0, 0, 1, 1, 2])
    assert groups_of(x, _tree(4, 16, 90), leaf, least_cosine=0.999).tolist() == [0, 0, 0, 0, 2]
    assert groups_of(x, _tree(4, 16, 90), leaf, least_cosine=0.9999).tolist() == [0, 0, 1, 1, 2]


def test_frames_of_a_video_are_one_group_and_videos_that_share_a_near_duplicate_too() -> None:
    rows = pa.table({"uri": ["b.mp4#frame=1", "a#1.mp4#frame=0", "b.mp4#frame=2", "c.mp4#frame=1", "a#1.mp4#frame=9"]})
    videos = videos_of(rows)
    assert videos.tolist() == [1, 0, 1, 2, 0]
    # The frames of each video lie in two clusters; 9 and 9.5 degrees are near duplicates of two videos.
    x, leaf = _plane(0, 9, 20, 9.5, 90), np.array([0, 0, 1, 0, 2])
    assert groups_of(x, _tree(4, 20, 90), leaf, least_cosine=0.9999, whole=videos).tolist() == [1, 0, 1, 0, 0]


def test_whole_groups_go_to_a_split_and_the_shares_are_met_to_within_half_a_group() -> None:
    groups = np.repeat(np.arange(100), 5)
    splits = splits_of(groups, SHARES, seed=1)
    assert all(len(set(splits[start : start + 5])) == 1 for start in range(0, 500, 5))
    assert _split_counts(splits) == {"train": 400, "validation": 50, "test": 50}


def test_the_same_seed_gives_the_same_splits_and_another_others() -> None:
    groups = np.repeat(np.arange(50), 4)
    assert splits_of(groups, SHARES, seed=1) == splits_of(groups, SHARES, seed=1)
    assert splits_of(groups, SHARES, seed=1) != splits_of(groups, SHARES, seed=2)


@pytest.mark.parametrize("seed", range(5))
def test_nearly_all_samples_stay_in_their_split_when_a_fifth_more_come(seed: int) -> None:
    random = np.random.default_rng(seed)
    old = random.integers(0, 200, 2_000)
    more = np.concatenate([old, random.integers(0, 200, 400)])
    before, after = splits_of(old, SHARES, seed=7), splits_of(more, SHARES, seed=7)
    n_moved = sum(one != other for one, other in zip(before, after[: len(before)], strict=True))
    assert n_moved <= 0.02 * len(before)


def test_a_split_that_nothing_is_left_for_is_an_error_with_the_remedy() -> None:
    with pytest.raises(NotEnoughData, match=r"10% of 9 samples as validation, but they are 1 groups .* of 9"):
        splits_of(np.zeros(9, np.int64), SHARES, seed=1)
    assert set(splits_of(np.arange(9), {"train": 1.0, "test": 0.0}, seed=1)) == {"train"}


def test_a_near_duplicate_in_another_split_is_found_from_the_side_that_is_held_out() -> None:
    x, splits = _plane(0, 1, 50, 90), ["train", "test", "test", "validation"]
    leaks = leaks_between(x, splits, least_cosine=0.99, seed=1)
    assert leaks.row.tolist() == [-1, 0, -1, -1]
    assert leaks.said() == {"n_compared": 3, "n": 1, "highest_cosine": 1.0}
    assert leaks_between(x[2:], splits[2:], least_cosine=0.99, seed=1).said()["n"] == 0


def test_without_a_second_split_nothing_is_compared() -> None:
    assert leaks_between(_plane(0, 1), ["train"] * 2, least_cosine=0.9, seed=1).said() == {
        "n_compared": 0,
        "n": 0,
        "highest_cosine": None,
    }


def test_splits_are_a_column_of_the_files_and_part_of_the_id_and_leaks_are_neither() -> None:
    row = dict.fromkeys(RELEASE.names) | {"sample_id": "a", "label": "x", "metadata": "{}"}
    rows = pa.Table.from_pylist([row, row | {"sample_id": "b"}], schema=RELEASE)
    leaks = leaks_between(_plane(0, 0), ["train", "test"], least_cosine=0.9, seed=1)
    split = with_splits(rows, ["train", "test"], leaks)
    assert split["repeats_in_other_split"].to_pylist() == [None, "a"]
    assert "split" not in exported_rows(rows).column_names
    assert exported_rows(split)["split"].to_pylist() == ["train", "test"]
    assert "repeats_in_other_split" not in exported_rows(split).column_names
    assert release_fingerprint(split) != release_fingerprint(rows)
    assert release_fingerprint(split) == release_fingerprint(split.drop_columns(["repeats_in_other_split"]))
