from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from data_engine.cluster_summary import evenly_from_leaves, leaf_names, measure, portray
from data_engine.clustering import ClusterTree

IDS = ["a", "b", "c", "d", "e", "f"]
NUMBERS = [str(number) for number in range(910)]
WORDS = {
    "a": "bread oven", "b": "bread flour", "c": "bread oven warm", "d": "boat sail", "e": "boat mast", "f": "boat sail",
}  # fmt: skip
#: Leaves at 0, 4, 20 and, without a sample, 100 on a line; the first two lie under one cluster at 2, the last under 60.
X = np.array([[0.0], [1.5], [1.0], [4.0], [20.0], [22.0]], dtype=np.float32)
LEAVES = [[0.0], [4.0], [20.0], [100.0]]


def line_tree() -> ClusterTree:
    leaf = np.array([0, 0, 0, 1, 2, 2])
    centroids = [np.array(LEAVES, np.float32), np.array([[2.0], [60.0]], np.float32)]
    distance = (X[:, 0] - np.array(LEAVES, np.float32)[leaf, 0]) ** 2
    return ClusterTree.from_centroids(centroids, [np.array([0, 0, 1, 1])], leaf, distance)


def text_of(sample_ids: list[str]) -> Mapping[str, str]:
    return {key: WORDS[key] for key in sample_ids}


@pytest.fixture(scope="module")
def portraits() -> pa.Table:
    return portray(line_tree(), measure(line_tree(), X), IDS, text_of, seed=0)


def test_a_column_of_ids_gives_the_same_portraits(portraits: pa.Table) -> None:
    column = pa.chunked_array([IDS[:2], IDS[2:]], pa.string())
    assert portray(line_tree(), measure(line_tree(), X), column, text_of, seed=0).equals(portraits)


def test_there_is_one_portrait_per_cluster_in_the_order_of_the_tree(portraits: pa.Table) -> None:
    rows = [(row["level"], row["cluster"], row["n_samples"]) for row in portraits.to_pylist()]
    assert rows == [(1, 0, 3), (1, 1, 1), (1, 2, 2), (1, 3, 0), (2, 0, 4), (2, 1, 2)]
    assert set(portraits["tree_version"].to_pylist()) == {line_tree().version}


def test_a_leaf_is_as_clear_as_its_samples_are_on_average(portraits: pa.Table) -> None:
    # 0 and 4; 1.5 and 2.5; 1 and 3.  On itself and 16; 2 and 18.
    expected = [(1 + 0.4 + 2 / 3) / 3, None, (1 + 16 / 18) / 2, None]
    assert portraits["silhouette"].to_pylist()[:4] == [value and round(value, 4) for value in expected]


def test_an_upper_cluster_is_measured_among_the_centroids_of_its_level(portraits: pa.Table) -> None:
    # 2 and 60 for all below it; 20 is nearer to 2 than to its own 60.
    first = [1 - 2 / 60, 1 - 0.5 / 58.5, 1 - 1 / 59, 1 - 2 / 56]
    second = [18 / 40 - 1, 20 / 38 - 1]
    assert portraits["silhouette"].to_pylist()[4:] == pytest.approx([np.mean(first), np.mean(second)], abs=1e-4)


def test_nearest_and_border_samples_are_named(portraits: pa.Table) -> None:
    assert portraits["nearest"].to_pylist() == [["a", "c", "b"], ["d"], ["e", "f"], [], ["b", "c", "a"], ["f", "e"]]
    assert portraits["border"].to_pylist() == [["b", "c"], ["d"], ["f", "e"], [], ["d", "a"], ["e", "f"]]


def test_clusters_have_names_and_a_sentence_can_use_them(portraits: pa.Table) -> None:
    assert leaf_names(portraits) == [
        "leaf 0 (bread · oven · flour)",
        "leaf 1 (boat · sail)",
        "leaf 2 (boat · mast · sail)",
        "leaf 3",
    ]


def test_clusters_of_samples_without_texts_have_no_names() -> None:
    portraits = portray(line_tree(), measure(line_tree(), X), IDS, lambda _: {}, seed=0)
    assert portraits["name"].null_count == 6
    assert leaf_names(portraits)[0] == "leaf 0"


def test_a_level_of_one_cluster_has_no_silhouette() -> None:
    tree = ClusterTree.from_centroids([np.array([[1.0]], np.float32)], [], np.zeros(6, dtype=int), X[:, 0] ** 2)
    (row,) = portray(tree, measure(tree, X), IDS, text_of, seed=0).to_pylist()
    assert (row["silhouette"], row["border"], row["nearest"]) == (None, [], ["c", "b", "a"])


def test_members_that_joined_count_as_much_as_the_others_in_a_leaf() -> None:
    # Silhouettes are 1 for 600 old members on the centroid, 0 for 300 that joined on the border.
    x = np.concatenate([np.zeros((600, 1)), np.full((300, 1), 2.0), np.full((10, 1), 4.0)]).astype(np.float32)
    leaf = np.repeat([0, 1], [900, 10])
    tree = ClusterTree.from_centroids([np.array([[0.0], [4.0]], np.float32)], [], leaf)
    some = measure(tree, x, evenly_from_leaves(tree, 310, NUMBERS[:910], seed=0))
    quality = portray(tree, some, NUMBERS[:910], lambda _: {}, seed=0)["silhouette"].to_pylist()
    assert quality == [pytest.approx(600 / 900, abs=0.05), 1]


def test_a_mean_over_some_members_weighs_every_leaf_by_its_size() -> None:
    # Of the first top cluster 98 samples lie on its centroid, and 2 lie 2 from it and 3 from the other.
    x = np.concatenate([np.full((98, 1), 2.0), np.full((2, 1), 4.0), np.full((2, 1), 10.0)]).astype(np.float32)
    leaf = np.repeat([0, 1, 2], [98, 2, 2])
    leaves, tops = np.array([[2.0], [4.0], [10.0]], np.float32), np.array([[2.0], [7.0]], np.float32)
    tree = ClusterTree.from_centroids([leaves, tops], [np.array([0, 0, 1])], leaf)
    some = measure(tree, x, evenly_from_leaves(tree, 3, NUMBERS[:102], seed=0))
    measured = portray(tree, some, NUMBERS[:102], lambda _: {}, seed=0).to_pylist()
    assert [row["n_measured"] for row in measured] == [1, 1, 1, 2, 1]
    assert measured[3]["silhouette"] == pytest.approx((98 * 1 + 2 * (1 - 2 / 3)) / 100, abs=1e-4)
