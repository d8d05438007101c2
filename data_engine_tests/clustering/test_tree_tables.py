import numpy as np
import pyarrow as pa
import pytest

from data_engine import schemas
from data_engine.clustering import ClusterTree, assign, build_tree, tree_from_tables, tree_to_tables
from data_engine.errors import InvalidInput
from data_engine.storage import TableStore

IDS = [f"{number:032x}" for number in range(60)]


@pytest.fixture
def tree() -> ClusterTree:
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return build_tree(x, (12, 4), seed=0)


@pytest.fixture
def tables(tree) -> tuple[pa.Table, pa.Table]:
    return tree_to_tables(tree, IDS, ["b1"] * 40 + ["b2"] * 20, tree.distance)


def test_tables_follow_their_schemas(tables):
    assert tables[0].schema.equals(schemas.CLUSTER_TREE, check_metadata=False)
    assert tables[1].schema.equals(schemas.TREE_ASSIGNMENTS, check_metadata=False)
    assert [table.num_rows for table in tables] == [16, 60]


def test_the_round_trip_is_exact(tree, tables):
    again, ids = tree_from_tables(*tables)
    assert ids == IDS
    assert again.version == tree.version
    assert np.array_equal(again.distance, tree.distance)
    for level, same in zip(tree.levels, again.levels, strict=True):
        assert np.array_equal(level.centroids, same.centroids)
        assert np.array_equal(level.assignment, same.assignment)
        assert np.array_equal(level.sizes, same.sizes)


def test_a_tree_comes_back_from_the_table_store(tree, tables, tmp_path):
    store = TableStore(tmp_path, "shop")
    for name, table in zip(("cluster_tree", "tree_assignments"), tables, strict=True):
        store.write(name, table, run_id="r", code_version="1")
    again, ids = tree_from_tables(store.read("cluster_tree"), store.read("tree_assignments"))
    assert again.version == tree.version
    assert dict(zip(ids, again.leaf.tolist(), strict=True)) == dict(zip(IDS, tree.leaf.tolist(), strict=True))


def test_a_small_tree_reads_as_written_down():
    tree = ClusterTree.from_centroids([np.array([[1.0], [3.0]]), np.array([[2.0]])], [np.array([0, 0])], np.array([1]))
    clusters, assignments = tree_to_tables(tree, ["a"], ["b1"], np.array([0.25]))
    rows = clusters.select(["level", "cluster", "parent", "n_samples"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [(1, 0, 0, 0), (1, 1, 0, 1), (2, 0, None, 1)]
    assert np.frombuffer(clusters["centroid"][1].as_py(), dtype=np.float32).tolist() == [3.0]
    assert assignments.to_pylist() == [
        {"sample_id": "a", "batch": "b1", "leaf": 1, "distance": 0.25, "tree_version": tree.version}
    ]


def test_columns_of_another_table_serve_as_ids(tree, tables):
    again = tree_to_tables(tree, tables[1]["sample_id"], tables[1]["batch"], tree.distance)
    assert again[1].equals(tables[1])


def test_rows_may_come_in_any_order(tree, tables):
    order = np.random.default_rng(0).permutation(16)
    again, ids = tree_from_tables(tables[0].take(order), tables[1].slice(10, 5))
    assert again.version == tree.version
    assert ids == IDS[10:15]
    assert np.array_equal(again.leaf, tree.leaf[10:15])
    assert again.levels[0].sizes.sum() == 5


def test_a_reloaded_tree_assigns_new_rows_alike(tree, tables):
    new = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    without_samples = tree_from_tables(tables[0], tables[1].slice(0, 0))[0]
    assert np.array_equal(assign(without_samples, new), assign(tree, new))


def test_lengths_that_differ_are_refused(tree):
    with pytest.raises(
        InvalidInput, match="holds 60 samples, but there are 59 sample ids, 60 batches and 60 distances"
    ):
        tree_to_tables(tree, IDS[:-1], ["b"] * 60, tree.distance)


def test_tables_that_do_not_fit_together_are_refused(tables):
    clusters, assignments = tables
    other = clusters.set_column(5, schemas.CLUSTER_TREE.field(5), pa.array(["0" * 16] * 16))
    with pytest.raises(InvalidInput, match="samples are assigned to the tree versions"):
        tree_from_tables(other, assignments)
    with pytest.raises(InvalidInput, match="but the table says 0000000000000000; build the tree anew"):
        tree_from_tables(other, assignments.slice(0, 0))
    with pytest.raises(InvalidInput, match="holds the tree versions"):
        tree_from_tables(pa.concat_tables([clusters, other]), assignments)
    with pytest.raises(InvalidInput, match="lacks clusters; read the table whole"):
        tree_from_tables(clusters.slice(1), assignments)
    with pytest.raises(InvalidInput, match=r"holds the tree versions \[\]"):
        tree_from_tables(clusters.slice(0, 0), assignments)
