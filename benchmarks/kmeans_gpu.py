"""One assignment and update on a GPU, beside the GPU's bare bfloat16 product of the same shape.

python benchmarks/kmeans_gpu.py                                # 10,000,000 x 384, k = 100,000
python benchmarks/kmeans_gpu.py --rows 1000000 --clusters 10000
python benchmarks/kmeans_gpu.py --write                        # and write the section of RESULTS.md
python benchmarks/kmeans_gpu.py --device cpu --rows 20000 --clusters 100    # the script itself, without a GPU

Without a GPU it says so, compares the same code on the processor with the NumPy path on a small input, and ends.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from mapped_mixture import mapped_mixture
from results import append_results, environment

from data_engine.clustering import kmeans
from data_engine.clustering.devices import open_device
from data_engine.clustering.matrix_rows import Rows

GOAL = 0.5


def small_check() -> None:
    """The device's code on the processor must find what NumPy finds."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3000, 32), dtype=np.float32)
    plain, moved = (kmeans(x, 50, seed=0, max_iterations=5, device=device) for device in (None, "cpu"))
    n_other = np.count_nonzero(plain.assignment != moved.assignment)
    print(f"No GPU here, so nothing is timed. The same code on the processor: {n_other} of {len(x)} labels differ.")
    if n_other:
        raise SystemExit(1)


def device_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time with a GPU's work done."""
    times = []
    for _ in range(repeats):
        wait_for_gpu()
        start = time.perf_counter()
        work()
        wait_for_gpu()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def wait_for_gpu() -> None:
    """A GPU works on after a call has returned."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def product_seconds(n_rows: int, dim: int, n_clusters: int, repeats: int, device: str) -> float:
    """Seconds of the bare bfloat16 product of all rows with all centroids, in tiles that fit the GPU."""
    tile = min(n_rows, max(128, (1 << 29) // n_clusters))
    rows = torch.randn((tile, dim), device=device, dtype=torch.bfloat16)
    centroids = torch.randn((dim, n_clusters), device=device, dtype=torch.bfloat16)
    out = torch.empty((tile, n_clusters), device=device, dtype=torch.bfloat16)

    def several() -> None:
        for _ in range(10):
            torch.mm(rows, centroids, out=out)

    several()
    return device_seconds(several, repeats) / 10 * n_rows / tile


def measure(x: np.ndarray, n_clusters: int, repeats: int, device_name: str) -> list[str]:
    """Rows of (work, seconds, share of the product's speed, goal, held)."""
    device = open_device(device_name, x)
    rows = Rows(x, device=device)
    centroids = rows.take(np.sort(np.random.default_rng(0).choice(len(x), n_clusters, replace=False)))
    bare = product_seconds(len(x), x.shape[1], n_clusters, repeats, device_name)
    labels = device.nearest(rows, centroids)
    device.sums(rows, labels, n_clusters, 40)
    assignment = device_seconds(lambda: device.nearest(rows, centroids), repeats)
    update = device_seconds(lambda: device.sums(rows, labels, n_clusters, 40), repeats)
    speed = 2 * len(x) * x.shape[1] * n_clusters / bare / 1e12
    whole = assignment + update
    held = "yes" if bare / whole >= GOAL else "no"
    return [
        f"| bare bfloat16 product ({speed:.0f} TFLOP/s) | {bare:.2f} | 1.00 |  |  |",
        f"| assignment | {assignment:.2f} | {bare / assignment:.2f} |  |  |",
        f"| assignment + update | {whole:.2f} | {bare / whole:.2f} | >= {GOAL} | {held} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--folder", help="where the rows lie meanwhile; default: the temporary folder")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        small_check()
        return
    with mapped_mixture(args.rows, args.dim, 2000, seed=0, folder=args.folder) as x:
        rows = measure(x, args.clusters, args.repeats, args.device)
    name = torch.cuda.get_device_name() if args.device == "cuda" else args.device
    lines = [
        f"{name}: {args.rows:,} x {args.dim} float32, k = {args.clusters:,}; median of {args.repeats}.",
        "",
        "| work | seconds | share of the product's speed | goal | held |",
        "|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("k-means on a GPU", "\n".join(lines))


if __name__ == "__main__":
    main()
