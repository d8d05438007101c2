"""Labels are those of float64 distances, on data made to mislead fast products."""

import numpy as np
import pytest
from near_ties import CASES, by_definition

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import nearest


@pytest.mark.parametrize("case", CASES)
def test_labels_are_those_of_float64_distances(case):
    x, centroids = CASES[case]
    assert np.array_equal(nearest(Rows(x), centroids), by_definition(x, centroids))
