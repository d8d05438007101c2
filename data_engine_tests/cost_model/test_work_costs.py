"""The table that the model was made from, by rates that were measured on one machine, and cases to check by hand."""

from collections.abc import Callable

import pytest

from data_engine.cost_model import Machines, Workload, costs, costs_today
from data_engine.cost_model.work_costs import KMEANS_PER_CORE, NETWORK, RULES_PER_CORE
from data_engine.errors import InvalidInput

#: Hours by machines and samples: reading, near duplicates, embedding, level 1, level 1 in cells, the levels above with
#: the subset.
HOURS = {
    (10**9, 8, 0): (0.1, 0.03, 62, 501, 0.4, 0.4),
    (10**9, 2, 8): (0.5, 0.1, 1.2, 10.7, 0.4, 0.04),
    (10**11, 64, 8): (1.4, 0.4, 3.6, 32, 1.3, 0.03),
    (10**11, 256, 8): (0.4, 0.1, 0.9, 8.5, 0.3, 0.03),
}


@pytest.mark.parametrize(("n_samples", "n_nodes", "gpus"), HOURS)
def test_hours_of_large_corpora_are_those_that_were_computed_before(n_samples: int, n_nodes: int, gpus: int) -> None:
    found = [each.seconds / 3600 for each in costs(Workload(n_samples), Machines(n_nodes, 64, gpus))]
    expected = HOURS[n_samples, n_nodes, gpus]
    for hours, told in zip([*found[:5], sum(found[5:])], expected, strict=True):
        # As many digits as were told.
        decimals = len(f"{told}".partition(".")[2])
        assert hours == pytest.approx(told, abs=0.51 * 10**-decimals)


def test_bytes_are_those_of_the_texts_keys_and_embeddings() -> None:
    found = costs(Workload(10**9), Machines(8))
    assert [each.n_bytes for each in found[:3]] == [4096e9, 400e9, 6e8 * 768 * 2]
    assert found[-1].n_bytes == 6e8 * 8


def test_reading_takes_as_long_as_the_slower_of_network_and_rules() -> None:
    [many_cores, one_core] = [costs(Workload(10**6), Machines(1, cores))[0].seconds for cores in (64, 1)]
    assert many_cores == 4096e6 / NETWORK
    assert one_core == 10**6 / RULES_PER_CORE


def test_a_small_corpus_has_few_clusters_and_one_way_to_build_them() -> None:
    assert Workload(10**6).levels == ((6e5, 10_000), (1e4, 500), (500.0, 50), (50.0, 10))
    assert [each.work for each in costs(Workload(10**6), Machines())][3:5] == [
        "level 1, 10,000 clusters",
        "level 2, 500 clusters",
    ]


def test_of_two_ways_to_build_a_level_the_faster_is_counted() -> None:
    counted = [each.is_counted for each in costs(Workload(10**9), Machines(8))]
    assert counted == [True, True, True, False, True, True, True, True, True]


def test_today_several_machines_shorten_what_goes_on_in_batches_and_cells_are_not_counted() -> None:
    alone, many, today = (call(Workload(10**9), Machines(n)) for call, n in ((costs, 1), (costs, 8), (costs_today, 8)))
    assert today[2] == many[2]
    assert [each.seconds for each in (*today[:2], *today[3:])] == [each.seconds for each in (*alone[:2], *alone[3:])]
    assert [each.work for each in today if not each.is_counted] == ["level 1, 10,000,000 clusters in cells"]


def test_rows_that_do_not_fit_the_memory_are_read_in_every_iteration() -> None:
    [fits, too_large] = [Workload(n, kept=1, dim=1000, n_clusters=1) for n in (128 * 10**6, 129 * 10**6)]
    [once, often] = [costs(each, Machines())[3].seconds for each in (fits, too_large)]
    assert once == pytest.approx(128e9 * 2 / NETWORK + 40 * 128e9 / (64 * KMEANS_PER_CORE) + 40 * 8e3 / NETWORK)
    assert often == pytest.approx(20 * 129e9 * 2 / NETWORK + 40 * 129e9 / (64 * KMEANS_PER_CORE) + 40 * 8e3 / NETWORK)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Machines(0), "n_nodes is 0; give at least 1"),
        (lambda: Machines(1, 64, -1), "gpus is -1; give at least 0"),
        (lambda: Workload(0), "n_samples is 0; give at least 1"),
        (lambda: Workload(1, kept=1.5), "kept is 1.5; it is the share"),
    ],
)
def test_what_cannot_be_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        call()
