import numpy as np

from data_engine.drift import KnownSamples, Novelty, known_samples, novelty_of, novelty_of_arrivals

KNOWN = known_samples(np.eye(4, dtype=np.float32)[[0, 0, 1, 2]] + np.float32(0), [0, 0, 0, 1])
WINDOW = np.eye(4, dtype=np.float32)[[2, 3]]


def novelty(known: KnownSamples, **changed: object) -> Novelty:
    """Batch 1 against batch 0, every sample having arrived once, with some of it changed."""
    said = {"known_elsewhere": [1, 1, 1, 0], "window_inside": [1, 1], "window_elsewhere": [0, 0], "n_inside": 2}
    arrays = {name: value if name == "n_inside" else np.array(value) for name, value in {**said, **changed}.items()}
    return novelty_of_arrivals(known, 1, WINDOW, **arrays, seed=0)  # type: ignore[arg-type]


def plain(known: list[float], window: list[float], times: list[int]) -> float:
    counts = {"known_counts": np.ones(len(known), np.int64), "window_counts": np.array(times)}
    return novelty_of(np.array(known), np.array(window), seed=0, **counts).p_value


def test_without_duplicates_samples_are_compared_as_they_are() -> None:
    found = novelty(KNOWN)
    assert found.similarities.tolist() == [0, 0, 1]
    assert found.p_value == plain([1, 1, 0], [0, 0, 1], [1, 1, 0])


def test_what_is_repeated_is_as_like_a_known_sample_as_can_be_on_both_sides() -> None:
    found = novelty(KNOWN, window_elsewhere=[1, 0], known_elsewhere=[1, 1, 2, 1], n_inside=5)
    assert found.similarities.tolist() == [1, 0, 1]
    # The known sample 2 of this batch stands for one arrival elsewhere, which is unlike the other batches.
    expected = novelty_of(
        np.array([1, 1, 1, 0.0]), np.array([1, 0, 1.0]), seed=0,
        known_counts=np.array([1, 1, 2, 1]), window_counts=np.array([1, 1, 3]),
    )  # fmt: skip
    assert found.p_value == expected.p_value
