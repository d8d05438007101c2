import numpy as np
import pytest
import torch

from data_engine.clustering import assign, build_tree, kmeans, torch_device
from data_engine.clustering.devices import device_for, open_device
from data_engine.clustering.matrix_rows import Rows, sum_exponent
from data_engine.clustering.nearest import exact_sums, means, nearest
from data_engine.clustering.seeding import SEEDINGS
from data_engine.errors import InvalidInput


def blobs(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (25, dim))
    return (centres[rng.integers(25, size=n)] + rng.normal(0, 1, (n, dim))).astype(np.float32)


def both(x: np.ndarray, selection: np.ndarray | None = None) -> tuple[Rows, Rows]:
    """The same rows for the processor and for torch."""
    return Rows(x, selection), Rows(x, selection, open_device("cpu", x))


@pytest.mark.parametrize("seeding", SEEDINGS)
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_kmeans_on_a_device_is_kmeans_on_the_processor(seeding, kind):
    x = blobs(3000, 24).astype(kind)
    plain, moved = (kmeans(x, 40, seed=1, init=seeding, max_iterations=8, device=d) for d in (None, "cpu"))
    assert np.array_equal(moved.assignment, plain.assignment)
    assert moved.n_iterations == plain.n_iterations
    np.testing.assert_allclose(moved.centroids, plain.centroids, rtol=1e-6, atol=1e-7)


def test_a_memory_map_is_read_tile_by_tile(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", blobs(1000, 8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    plain = kmeans(mapped, 10, seed=0)
    monkeypatch.setattr(torch_device, "_TILE_ROWS", 130)
    monkeypatch.setattr(torch_device, "_OTHER_SCORES", 10 * 130)
    assert np.array_equal(kmeans(mapped, 10, seed=0, device="cpu").assignment, plain.assignment)


def test_a_resampled_tree_on_a_device_is_the_tree_of_the_processor():
    x = blobs(1500, 16)
    arguments = {"seed": 3, "n_resamples": 2, "resample_sizes": [4, 2], "max_iterations": 6}
    plain, moved = (build_tree(x, [60, 12], device=device, **arguments) for device in (None, "cpu"))
    assert np.array_equal(moved.leaf, plain.leaf)
    assert np.array_equal(assign(plain, x + 1, device="cpu"), assign(plain, x + 1))
    assert np.array_equal(moved.levels[1].assignment, plain.levels[1].assignment)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_labels_are_those_of_float64_distances(scale, offset):
    x = ((blobs(700, 20) + offset) * scale).astype(np.float32)
    centroids = x[::5].copy()
    centroids[1::2] += np.float32(1e-4 * scale)
    plain, moved = both(x)
    assert np.array_equal(nearest(moved, centroids), nearest(plain, centroids))
    distances = ((x[:, None].astype(np.float64) - centroids) ** 2).sum(axis=2)
    assert np.array_equal(nearest(moved, centroids), distances.argmin(axis=1))


def test_the_lowest_number_wins_among_equal_centroids():
    x = blobs(200, 8)
    centroids = np.concatenate([x[:10], x[:10]])
    assert nearest(both(x)[1], centroids).max() < 10
    assert nearest(both(x)[1], np.repeat(x[:1], 7, axis=0)).tolist() == [0] * 200


def test_close_calls_are_decided_piece_by_piece_as_at_once(monkeypatch):
    x = blobs(300, 8)
    centroids = x[:40] + np.float32(1e-6)
    at_once = nearest(both(x)[1], centroids)
    monkeypatch.setattr(torch_device, "_DIFFERENCES", 8 * 13)
    assert np.array_equal(nearest(both(x)[1], centroids), at_once)


@pytest.mark.parametrize("scale", [1e-35, 1.0, 1e12])
def test_sums_are_those_of_float64_in_any_order_of_the_rows(scale):
    x = blobs(5000, 6) * np.float32(scale)
    labels = np.random.default_rng(1).integers(0, 9, 5000).astype(np.int32)
    device = open_device("cpu", x)
    exponent = sum_exponent(Rows(x).largest(), 1000)
    whole = device.sums(Rows(x), labels, 10, exponent)
    assert np.array_equal(whole, exact_sums(Rows(x), labels, 10, exponent))
    sums = np.ldexp(whole.astype(np.float64), -exponent)
    for cluster in range(9):
        exact = x[labels == cluster].sum(axis=0, dtype=np.float64)
        np.testing.assert_allclose(sums[cluster], exact, rtol=0, atol=1e-12 * np.abs(x).max())
    assert not sums[9].any()
    order = np.random.default_rng(2).permutation(5000)
    assert np.array_equal(device.sums(Rows(x, order), labels[order], 10, exponent), whole)


def test_means_of_a_selection_are_those_of_the_processor():
    x = blobs(1000, 12)
    picked = np.arange(0, 1000, 3)
    labels = (np.arange(len(picked)) % 5).astype(np.int32)
    plain, moved = (means(rows, labels, np.full((6, 12), 7, dtype=np.float32)) for rows in both(x, picked))
    np.testing.assert_allclose(moved, plain, rtol=1e-6, atol=1e-9)
    assert (moved[5] == 7).all()


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64])
def test_rows_that_lie_on_the_device_are_those_that_are_moved(monkeypatch, kind):
    x = blobs(500, 8).astype(kind)
    picked = np.arange(0, 500, 7)
    expected = [kmeans(x, 9, seed=0, device="cpu").centroids, nearest(both(x, picked)[1], x[:9].astype(np.float32))]
    monkeypatch.setattr(torch_device.TorchDevice, "_fits", lambda *_: True)
    found = [kmeans(x, 9, seed=0, device="cpu").centroids, nearest(both(x, picked)[1], x[:9].astype(np.float32))]
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("x", [np.zeros((50, 4), dtype=np.float32), np.full((50, 4), 3.3, dtype=np.float32)])
def test_equal_rows_give_one_cluster_on_a_device(x):
    found = kmeans(x, 5, seed=0, device="cpu")
    assert found.centroids.tolist() == x[:1].tolist()
    assert found.inertia == 0


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    x = blobs(10, 2)
    with pytest.raises(InvalidInput, match="device is 'gpu'; give a device that torch knows"):
        kmeans(x, 2, seed=0, device="gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(InvalidInput, match="device is 'cuda' but torch sees 0 GPUs; leave device out"):
        build_tree(x, [2], seed=0, device="cuda")


def test_auto_takes_a_card_for_large_inputs_only(monkeypatch):
    large = np.broadcast_to(np.float32(0), (500_000, 100))
    assert [device_for(choice, large[:10]) for choice in ("auto", "cpu", "cuda")] == [None, None, "cuda"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (device_for("auto", large), device_for("auto", large[:10]), device_for("cpu", large)) == ("cuda", None, None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_for("auto", large) is None
