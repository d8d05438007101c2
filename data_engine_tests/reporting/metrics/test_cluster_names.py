from schema_tables import table

from data_engine.reporting.metrics.cluster_names import cluster_names, names_of_top_clusters

TREE = table(
    "cluster_tree",
    [{"level": 1, "cluster": k, "parent": k // 2, "n_samples": 2} for k in range(3)]
    + [{"level": 2, "cluster": k, "n_samples": 3} for k in range(2)],
)


def test_a_cluster_is_called_by_its_terms_else_by_its_number_and_the_label_of_most() -> None:
    portraits = [{"level": 1, "cluster": 0, "name": "flour · oven"}, {"level": 2, "cluster": 0, "name": None}]
    samples = {"a": (0, "cat"), "b": (0, "cat"), "c": (1, "dog"), "d": (2, "owl"), "e": (2, "cow")}
    tables = {
        "cluster_tree": TREE,
        "cluster_portraits": table("cluster_portraits", portraits),
        "tree_assignments": table("tree_assignments", [{"sample_id": k, "leaf": v[0]} for k, v in samples.items()]),
        "labels": table("labels", [{"sample_id": k, "label": v[1]} for k, v in samples.items()]),
    }
    assert cluster_names(tables) == {
        (1, 0): "flour · oven",
        (1, 1): "cluster 1 · mostly dog",
        (1, 2): "cluster 2",
        (2, 0): "cluster 0 · mostly cat",
        (2, 1): "cluster 1",
    }
    assert names_of_top_clusters(tables) == {0: "cluster 0 · mostly cat", 1: "cluster 1"}


def test_a_tree_alone_has_numbers_and_without_one_there_are_no_names() -> None:
    assert names_of_top_clusters({"cluster_tree": TREE}) == {0: "cluster 0", 1: "cluster 1"}
    assert cluster_names({}) == {} == names_of_top_clusters({})
