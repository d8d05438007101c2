import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data_engine.reporting.html.tree_view import Node, TreeView, tree_view
from data_engine.schemas import SCHEMAS

PARENTS = {1: [0, 0, 1, 2], 2: [0, 0, 1], 3: [None, None]}
SIZES = {1: [5, 3, 2, 0], 2: [8, 2, 0], 3: [10, 0]}


def tables() -> dict[str, pa.Table]:
    """Three levels; the leaves 0 and 1 lie under 0 of level 2, which lies with the single leaf 2 under 0 of level 3."""
    clusters = [(level, number) for level, sizes in SIZES.items() for number in range(len(sizes))]
    tree = [
        {
            "level": level,
            "cluster": k,
            "parent": PARENTS[level][k],
            "n_samples": 1,
            "centroid": b"",
            "tree_version": "t",
        }
        for level, k in clusters
    ]
    portraits = [
        {
            "level": level,
            "cluster": k,
            "name": None if (level, k) == (1, 1) else f"name {level} {k}",
            "n_samples": SIZES[level][k],
            "silhouette": None if k else 0.456,
            "n_measured": 1,
            "nearest": [f"s{k}", "s9"],
            "border": ["unknown"],
            "tree_version": "t",
        }
        for level, k in clusters
    ]
    raw = [{"sample_id": f"s{k}", "uri": f"u{k}", "text": f"</script> text {k}"} for k in (0, 1, 2, 9)]
    subset = [{"leaf": leaf} for leaf in (0, 0, 1, 2)]
    return {
        "cluster_tree": pa.Table.from_pylist(tree, schema=SCHEMAS["cluster_tree"]),
        "cluster_portraits": pa.Table.from_pylist(portraits, schema=SCHEMAS["cluster_portraits"]),
        "raw_index": pa.Table.from_pylist(raw, schema=SCHEMAS["raw_index"]),
        "balanced_subset": pa.Table.from_pylist(subset, schema=SCHEMAS["balanced_subset"]),
    }


@pytest.fixture(scope="module")
def view() -> TreeView:
    found = tree_view(tables())
    assert found is not None
    return found


def shape(node: Node) -> tuple[object, ...]:
    return (node.level, node.number, node.n_samples, node.n_chosen, [shape(child) for child in node.children])


def test_clusters_with_samples_are_nested_with_what_was_chosen_below_them(view: TreeView) -> None:
    assert view.n_clusters == (3, 2, 1)
    # Cluster 1 of level 2 has a single leaf, which is the cluster itself.
    leaves = [(1, 0, 5, 2, []), (1, 1, 3, 1, [])]
    assert [shape(node) for node in view.top] == [(3, 0, 10, 4, [(2, 0, 8, 3, leaves), (2, 1, 2, 1, [])])]


def test_a_cluster_without_a_name_is_called_by_its_number(view: TreeView) -> None:
    assert [leaf.name for leaf in view.top[0].children[0].children] == ["name 1 0", "cluster 1"]


def test_samples_that_the_raw_index_lacks_are_not_shown(view: TreeView) -> None:
    assert [sample.sample_id for sample in view.top[0].nearest] == ["s0", "s9"]
    assert view.top[0].border == ()


def test_the_json_of_the_page_ends_no_script_and_holds_every_sample_once(view: TreeView) -> None:
    text = view.as_json()
    assert "<" not in text
    data = json.loads(text)
    assert data["samples"] == [["s0", "</script> text 0"], ["s9", "</script> text 9"], ["s1", "</script> text 1"]]
    (top,) = data["nodes"]
    assert top[:8] == [3, 0, "name 3 0", 10, 4, 0.46, [0, 1], []]


def test_before_there_is_a_tree_nothing_is_shown() -> None:
    assert tree_view({}) is None


def test_ten_thousand_leaves_have_fewer_and_shorter_examples() -> None:
    n = 10_000
    level = [{"level": 1, "cluster": k, "n_samples": 9, "n_measured": 9, "tree_version": "t"} for k in range(n)]
    examples = {"nearest": ["a", "b"], "border": ["c", "d"]}
    tree = [{"level": 1, "cluster": k, "n_samples": 9, "centroid": b"", "tree_version": "t"} for k in range(n)]
    many = {
        "cluster_tree": pa.Table.from_pylist(tree, schema=SCHEMAS["cluster_tree"]),
        "cluster_portraits": pa.Table.from_pylist(
            [row | examples for row in level], schema=SCHEMAS["cluster_portraits"]
        ),
        "raw_index": pa.Table.from_pylist(
            [{"sample_id": key, "uri": key, "text": key * 400} for key in "abcd"], schema=SCHEMAS["raw_index"]
        ),
    }
    view = tree_view(many)
    assert view is not None
    assert {(len(node.nearest), len(node.border)) for node in view.top} == {(1, 1)}


def test_the_images_of_a_page_go_to_the_coarsest_clusters_first(view: TreeView) -> None:
    asked: list[str] = []

    def thumbnail(sample_id: str) -> str:
        asked.append(sample_id)
        return "data:one" if sample_id == "s0" else ""

    written = json.loads(view.as_json(thumbnail))
    assert asked[:2] == ["s0", "s9"]
    assert [entry[2:] for entry in written["samples"] if entry[0] == "s0"] == [["data:one"]]
    assert all(len(entry) == 2 for entry in written["samples"] if entry[0] != "s0")


def test_a_cluster_without_terms_goes_by_its_number_and_the_label_of_most() -> None:
    some = tables()
    labels = [{"sample_id": f"t{n}", "label": label} for n, label in enumerate(("cat", "dog", "dog", "cat", "ant"))]
    leaves = [{"sample_id": f"t{n}", "leaf": leaf} for n, leaf in enumerate((1, 1, 1, 0, 2))]
    some["labels"], some["tree_assignments"] = pa.Table.from_pylist(labels), pa.Table.from_pylist(leaves)
    found = tree_view(some)
    assert found is not None
    assert {node.name for node in found.top[0].children[0].children} == {"name 1 0", "cluster 1 · mostly dog"}
    some["labels"] = some["labels"].filter(pc.not_equal(some["labels"]["sample_id"], "t2"))
    found = tree_view(some)
    assert found is not None
    # One cat and one dog are no majority.
    assert {node.name for node in found.top[0].children[0].children} == {"name 1 0", "cluster 1"}
