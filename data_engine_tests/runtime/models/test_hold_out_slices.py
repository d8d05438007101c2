from types import SimpleNamespace

from schema_tables import table

from data_engine.runtime.models.hold_out_slices import hold_out_slices

TABLES = {
    "raw_index": [
        {"sample_id": "s1", "batch": "may", "uri": "a.txt", "metadata": "{}"},
        {"sample_id": "s2", "batch": "june", "uri": "b.txt", "metadata": "{}"},
    ],
    "tree_assignments": [{"sample_id": "s1", "leaf": 0}, {"sample_id": "s2", "leaf": 1}],
    "cluster_tree": [
        {"level": 1, "cluster": 0, "parent": 1},
        {"level": 1, "cluster": 1, "parent": 0},
        {"level": 2, "cluster": 0, "parent": None},
        {"level": 2, "cluster": 1, "parent": None},
    ],
    "cluster_portraits": [{"level": 2, "cluster": 0, "name": "boats"}, {"level": 2, "cluster": 1, "name": "bread"}],
}


def _step_run(*slices: str) -> SimpleNamespace:
    def look_up(name: str, **_: object):
        return table(name, TABLES[name])

    return SimpleNamespace(corpus=SimpleNamespace(labels=SimpleNamespace(slices=slices)), look_up=look_up)


def test_samples_are_told_apart_by_batch_and_by_the_name_of_the_top_cluster() -> None:
    assert hold_out_slices(_step_run("batch", "cluster"), ["s2", "s1"]) == {
        "batch": ["june", "may"],
        "cluster": ["boats", "bread"],
    }


def test_without_columns_nothing_is_read() -> None:
    assert hold_out_slices(SimpleNamespace(corpus=_step_run().corpus), ["s1"]) == {}
