"""Labels of the int8 kernel are right or undecided, on every CPU that has its instruction."""

import numpy as np
import pytest
from cpu_features import has_vnni
from near_ties import CASES, by_definition

from data_engine.clustering import kernel_choice
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.int8_products import UNDECIDED, nearest_int8
from data_engine.clustering.matrix_rows import Rows
from data_engine.kernels import loading


def int8_labels(rows: Rows, centroids: np.ndarray) -> np.ndarray:
    """The labels of the int8 kernel, or of what stands in for it on a CPU without the instruction."""
    if not has_vnni():
        return nearest_float32(rows, centroids)
    labels = nearest_int8(rows, centroids)
    assert "int8_nearest._label_rows" in loading.kernels_used()
    return labels


@pytest.fixture(scope="module")
def unit_rows() -> np.ndarray:
    """(6000, 96): 30 concepts of very unequal size."""
    rng = np.random.default_rng(0)
    concept = np.minimum(rng.geometric(0.12, size=6000), 30) - 1
    x = rng.normal(size=(30, 96))[concept] + 0.8 * rng.normal(size=(6000, 96))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_a_cpu_with_the_instruction_takes_the_int8_kernel() -> None:
    assert kernel_choice.fastest_kernel() == ("int8" if has_vnni() else "float32")
    assert kernel_choice.use_int8(200_000, 1000, 384) == has_vnni()


@pytest.mark.parametrize("case", CASES)
def test_int8_labels_are_right_or_undecided(case: str) -> None:
    x, centroids = CASES[case]
    labels = int8_labels(Rows(x), centroids)
    certain = labels != UNDECIDED
    assert np.array_equal(labels[certain], by_definition(x, centroids)[certain])


def test_int8_decides_nearly_every_row_of_ordinary_data(unit_rows: np.ndarray) -> None:
    labels = int8_labels(Rows(unit_rows), unit_rows[600:700])
    assert np.count_nonzero(labels == UNDECIDED) < 60


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_int8_reads_any_floating_point_and_any_selection(unit_rows: np.ndarray, kind: type) -> None:
    rows = Rows(unit_rows.astype(kind), np.arange(0, 6000, 3))
    labels = int8_labels(rows, unit_rows[:77])
    certain = labels != UNDECIDED
    assert np.array_equal(labels[certain], nearest_float32(rows, unit_rows[:77])[certain])
