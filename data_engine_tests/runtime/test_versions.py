from pathlib import Path

from written_steps import keep_version, notes_runtime

from data_engine.runtime.versions import fingerprint, step_versions


def test_versions_are_known_by_step_and_partition_and_the_last_one_counts(tmp_path: Path) -> None:
    store = notes_runtime(tmp_path).store()
    assert step_versions(store) == {}
    keep_version(store, "raw_index", "may", data_version="old")
    may = keep_version(store, "raw_index", "may", data_version="new")
    june = keep_version(store, "raw_index", "june")
    tree = keep_version(store, "cluster_tree")
    assert step_versions(store) == {
        ("raw_index", "may"): may,
        ("raw_index", "june"): june,
        ("cluster_tree", ""): tree,
    }
    assert step_versions(store, "raw_index") == {("raw_index", "may"): may, ("raw_index", "june"): june}
    assert step_versions(store, "raw_index", "june") == {("raw_index", "june"): june}
    assert step_versions(store, "cluster_tree", "may") == {}


def test_a_fingerprint_is_the_start_of_a_hash_and_stays_the_same_between_processes() -> None:
    # printf "[('a', 1), ('b', 2)]" | sha256sum
    assert fingerprint({"a": 1, "b": 2}) == "61c404d6ef8d8c24"


def test_names_are_sorted_before_they_are_hashed_and_lists_are_not() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
