import numpy as np
import pytest

from data_engine.cluster_summary import silhouette, simplified_silhouette
from data_engine.errors import InvalidInput

CENTROIDS = np.array([[0, 0], [4, 0], [0, 12]], dtype=np.float32)


def test_it_compares_the_own_centroid_with_the_nearest_other_one() -> None:
    x = np.array([[1, 0], [0, 0], [2, 0], [3, 0], [0, 9]], dtype=np.float32)
    values, distance = simplified_silhouette(x, CENTROIDS, np.array([0, 0, 0, 0, 2]))
    # 1 from its own and 3 from the next; on its own; on the border; beyond it; 3 from its own and 9 from the next.
    assert values.tolist() == pytest.approx([2 / 3, 1, 0, -2 / 3, 2 / 3])
    assert distance.tolist() == [1, 0, 2, 3, 3]


def test_a_sample_on_two_equal_centroids_lies_on_the_border() -> None:
    twins = np.zeros((2, 3), dtype=np.float32)
    values, _ = simplified_silhouette(np.zeros((1, 3), dtype=np.float32), twins, np.array([0]))
    assert values.tolist() == [0]


def test_a_large_common_offset_changes_nothing() -> None:
    # Quarters are exact in float32 even beside the offset.
    rng = np.random.default_rng(2)
    x, centroids = np.round(4 * rng.normal(size=(300, 16))) / 4, np.round(4 * rng.normal(size=(9, 16))) / 4
    own = rng.integers(0, 9, 300)
    near = simplified_silhouette(x, centroids.astype(np.float32), own)
    far = simplified_silhouette(x + 10_000, (centroids + 10_000).astype(np.float32), own)
    assert far[0].tolist() == near[0].tolist()
    assert far[1].tolist() == near[1].tolist()


def test_tiles_and_chosen_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 2)).astype(np.float32)
    own = rng.integers(0, 3, 50)
    whole, distances = simplified_silhouette(x, CENTROIDS, own)
    monkeypatch.setattr(silhouette, "_TILE_PRODUCTS", 21)
    rows = np.array([3, 49, 11, 4, 30, 31, 32, 33, 34])
    some, some_distances = simplified_silhouette(x, CENTROIDS, own[rows], rows=rows)
    assert some == pytest.approx(whole[rows], abs=1e-6)
    assert some_distances == pytest.approx(distances[rows], abs=1e-6)


def test_one_centroid_has_no_other_to_compare_with() -> None:
    with pytest.raises(InvalidInput, match="a silhouette compares two"):
        simplified_silhouette(np.zeros((1, 2), dtype=np.float32), CENTROIDS[:1], np.array([0]))
    with pytest.raises(InvalidInput, match="own has 2 clusters for 1 rows"):
        simplified_silhouette(np.zeros((1, 2), dtype=np.float32), CENTROIDS, np.array([0, 1]))
