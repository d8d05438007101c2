"""Of a group of semantic duplicates, the one farthest from the centroid stays."""

import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.sampling import redundancy, semantic_dedup


def at(*degrees: float) -> np.ndarray:
    """Unit rows at these angles."""
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def cosine(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def test_a_sample_repeats_the_nearest_one_that_lies_farther_out() -> None:
    # The centre is at 0 degrees: 60 is the farthest, then 10 (50 from it), then 0 (10 from 10).
    found = redundancy(at(0, 10, 60), at(0), np.array([0, 0, 0], np.int32))
    assert found.tolist() == pytest.approx([cosine(10), cosine(50), -np.inf])


def test_duplicates_in_different_clusters_are_not_seen() -> None:
    found = redundancy(at(0, 0, 90), at(0, 90), np.array([0, 1, 1], np.int32))
    # In the second cluster 0 degrees is the farther one.
    assert found.tolist() == pytest.approx([-np.inf, -np.inf, 0.0], abs=1e-6)


def test_length_does_not_matter_and_a_zero_row_is_like_nothing() -> None:
    rows = np.array([[2, 0], [5, 0], [0, 0]], np.float32)
    found = redundancy(rows, at(0), np.zeros(3, np.int32))
    # All zeros is the farthest; of the two equal rows the first comes first.
    assert found.tolist() == pytest.approx([0.0, 1.0, -np.inf])


def test_clusters_larger_than_a_block_are_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    whole = redundancy(x, x[:1], np.zeros(50, np.int32))
    monkeypatch.setattr(semantic_dedup, "_BLOCK_VALUES", 350)
    assert redundancy(x, x[:1], np.zeros(50, np.int32)).tolist() == pytest.approx(whole.tolist(), abs=1e-6)


def test_a_missing_assignment_is_refused() -> None:
    with pytest.raises(InvalidInput, match="x has 2 rows but assignment has 1"):
        redundancy(at(0, 1), at(0), np.zeros(1, np.int32))
