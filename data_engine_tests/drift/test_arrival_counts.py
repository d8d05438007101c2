import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data_engine.drift.arrival_counts import ArrivalCounts, count_arrivals

N_CLUSTERS = 3


def _corpus(seed: int) -> tuple[pa.Table, pa.Table, np.ndarray, dict[str, list[str]]]:
    """A tree and verdicts with duplicates in and across batches, ids kept twice and unknown twins."""
    draw = np.random.default_rng(seed)
    rows, kept = [], {}
    for batch in ("a", "b", "c", "new"):
        mine = [f"{batch}{number}" for number in range(6)]
        known = [sample_id for some in kept.values() for sample_id in some]
        kept[batch] = mine + (draw.choice(known, 1).tolist() if known else [])
        rows += [(sample_id, batch, None) for sample_id in kept[batch]]
        pool = [*known, *mine, "new0", "gone"]
        rows += [(f"{batch}d{number}", batch, str(draw.choice(pool))) for number in range(8)]
        rows += [(f"{batch}r", batch, ""), (str(draw.choice(pool)), batch, None)]
    in_tree = {}
    for batch in ("a", "b", "c"):
        for sample_id in kept[batch]:
            in_tree.setdefault(sample_id, batch)
    assigned = pa.table({"sample_id": list(in_tree), "batch": list(in_tree.values())})
    columns = zip(("sample_id", "batch", "duplicate_of"), zip(*rows, strict=True), strict=True)
    judged = pa.table({name: pa.array(values, pa.string()) for name, values in columns})
    return assigned, judged, draw.integers(0, N_CLUSTERS, len(in_tree)), kept


@pytest.mark.parametrize("batch", ["b", "new"])
@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_all_arrivals_looked_at_one_by_one(batch: str, seed: int) -> None:
    assigned, judged, top, kept = _corpus(seed)
    found = count_arrivals(assigned, judged, top, N_CLUSTERS, most_known=9)
    new_ids = pa.array(kept[batch])
    new_cluster = np.random.default_rng(seed + 100).integers(0, N_CLUSTERS, len(new_ids))
    own = judged.filter(pc.equal(judged["batch"], batch))
    arrived = found.of_batch(batch, own, new_ids, new_cluster, _never)
    cluster_of = {**dict(zip(assigned["sample_id"].to_pylist(), top.tolist(), strict=True))}
    cluster_of |= dict(zip(kept[batch], new_cluster.tolist(), strict=True))
    rows = [(row["duplicate_of"] or row["sample_id"], row["batch"]) for row in judged.to_pylist()]
    rows = [(twin, place) for twin, place in rows if twin in cluster_of]
    inside = [twin for twin, place in rows if place == batch]
    outside = [twin for twin, place in rows if place != batch]
    assert arrived.sample_ids.to_pylist() == inside
    assert arrived.cluster.tolist() == [cluster_of[twin] for twin in inside]
    assert arrived.observed.tolist() == [sum(cluster_of[twin] == k for twin in inside) for k in range(N_CLUSTERS)]
    assert arrived.reference.tolist() == [sum(cluster_of[twin] == k for twin in outside) for k in range(N_CLUSTERS)]
    known = found.known["sample_id"].to_pylist()
    assert len(known) == 9
    assert arrived.elsewhere(pa.array(known)).tolist() == [outside.count(sample_id) for sample_id in known]
    assert arrived.elsewhere(new_ids).tolist() == [outside.count(sample_id) for sample_id in kept[batch]]
    assert arrived.inside(new_ids).tolist() == [inside.count(sample_id) for sample_id in kept[batch]]


def _never(ids: pa.Array) -> np.ndarray:
    raise AssertionError(f"{ids.to_pylist()} are asked for")


def test_a_sample_that_only_the_tree_still_has_is_looked_up_in_it() -> None:
    assigned = pa.table({"sample_id": ["x", "y"], "batch": ["a", "a"]})
    judged = pa.table(
        {"sample_id": ["x", "y"], "batch": ["a", "a"], "duplicate_of": pa.array([None, None], pa.string())}
    )
    found = count_arrivals(assigned, judged, np.array([0, 2]), N_CLUSTERS, most_known=5)
    asked = []

    def cluster_of(ids: pa.Array) -> np.ndarray:
        asked.append(ids.to_pylist())
        return np.array([2])

    arrived = found.of_batch("a", judged, pa.array(["x"]), np.array([1]), cluster_of)
    assert asked == [["y"]]
    assert arrived.cluster.tolist() == [1, 2]


def test_samples_that_stand_for_themselves_are_held_as_numbers_alone() -> None:
    ids = [f"{number:05}" for number in range(10_000)]
    batches = [f"b{number // 100:02}" for number in range(10_000)]
    assigned = pa.table({"sample_id": ids, "batch": batches})
    judged = assigned.append_column("duplicate_of", pa.nulls(10_000, pa.string()))
    found: ArrivalCounts = count_arrivals(assigned, judged, np.zeros(10_000, np.int64), 1, most_known=10)
    assert (found.shared.num_rows, found.known.num_rows) == (0, 10)
    assert found.counts.tolist() == [[100]] * 100
