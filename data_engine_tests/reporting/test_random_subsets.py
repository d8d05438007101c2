import numpy as np
from schema_tables import table
from watched_dataset import Watched

from data_engine.reporting import random_subsets
from data_engine.reporting.columns_on_demand import ColumnsOnDemand
from data_engine.reporting.random_subsets import kept_ids, random_kept

VERDICTS = [("d", "kept"), ("b", "kept"), ("x", "rejected"), ("a", "kept"), ("b", "kept"), ("c", "kept")]
JUDGED = table("first_pass", [{"sample_id": key, "verdict": verdict} for key, verdict in VERDICTS])


def test_kept_samples_are_sorted_and_each_is_there_once() -> None:
    assert kept_ids(JUDGED).to_pylist() == ["a", "b", "c", "d"]
    assert kept_ids(JUDGED.slice(2, 1)).to_pylist() == []


def test_a_random_subset_is_that_of_the_sorted_ids_in_whatever_order_the_rows_are() -> None:
    drawn = np.random.default_rng(3).choice(np.array(["a", "b", "c", "d"]), size=3, replace=False).tolist()
    for rows in (JUDGED, JUDGED.sort_by("sample_id"), ColumnsOnDemand(Watched(JUDGED, piece_rows=2))):
        assert random_kept(rows, 3, np.random.default_rng(3)).to_pylist() == drawn
    assert sorted(random_kept(JUDGED, 100, np.random.default_rng(3)).to_pylist()) == ["a", "b", "c", "d"]
    assert random_kept(JUDGED.slice(0, 0), 3, np.random.default_rng(3)).to_pylist() == []


def test_the_kept_samples_of_a_table_are_read_once_and_forgotten_with_it() -> None:
    watched = Watched(JUDGED)
    on_demand, n_before = ColumnsOnDemand(watched), len(random_subsets._SORTED)
    for _ in range(3):
        random_kept(on_demand, 2, np.random.default_rng(0))
    assert [columns for columns, _ in watched.pieces] == [["sample_id"]]
    del on_demand
    assert len(random_subsets._SORTED) == n_before
