"""Level 1 of the cluster tree over shards: seconds, and whether every bit is that of one process.

python benchmarks/ray_shards.py                      # 200,000 x 64 into 500 clusters; without Ray
unshare -rn bash -c 'ip link set lo up && python benchmarks/ray_shards.py --ray'       # and on two Ray nodes
python benchmarks/ray_shards.py --rows 2000 --clusters 20                   # small

With `--ray` two nodes are started on this machine. Ray listens on every network that there is, so it is refused outside
a namespace that has none. `--write` writes the section of RESULTS.md.
"""

import argparse
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from results import append_results, environment

from data_engine.clustering import ClusterTree, build_tree
from data_engine.clustering.sharded import DeviceOpener
from data_engine.compute.engines import Engine, LocalEngine
from data_engine.compute.kmeans_shards import sharded_levels


def mixture(n_rows: int, dim: int) -> np.ndarray:
    """Unit rows around 300 centres of very unequal size."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1, (300, dim)).astype(np.float32)
    x = centres[np.minimum(rng.geometric(0.02, n_rows), 300) - 1] + rng.normal(0, 0.6, (n_rows, dim)).astype(np.float32)
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def built(x: np.ndarray, n_clusters: int, device: DeviceOpener | None = None) -> tuple[ClusterTree, float]:
    """One level by sampled seeding, as of a large corpus, and its seconds."""
    started = time.perf_counter()
    tree = build_tree(x, [n_clusters], seed=0, max_iterations=10, seeding="sampled_greedy_kmeans++", device=device)
    return tree, time.perf_counter() - started


def row_of(name: str, engine: Engine, x: np.ndarray, n_clusters: int, plain: ClusterTree) -> str:
    """A row of the table; that of a tree with other bits says so."""
    with sharded_levels(engine, from_minutes=0) as device:
        tree, seconds = built(x, n_clusters, device)
    is_same = tree.version == plain.version and np.array_equal(tree.leaf, plain.leaf)
    is_same = is_same and np.array_equal(tree.distance, plain.distance)
    return f"| {name} | {seconds:.1f} | {'yes' if is_same else 'NO'} |"


@contextmanager
def two_nodes() -> Iterator[Engine]:
    """The engine of two Ray nodes on this machine, where nobody else can reach them."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        raise SystemExit(f"Ray would listen on {', '.join(others)}; start this in a namespace, as above")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    from data_engine.compute.ray_engine import ray_engine

    node = {"num_cpus": 1, "object_store_memory": 500_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    try:
        with ray_engine(cluster.address) as engine:
            yield engine
    finally:
        cluster.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--clusters", type=int, default=500)
    parser.add_argument("--ray", action="store_true", help="on two Ray nodes, too")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    x = mixture(args.rows, args.dim)
    built(x, args.clusters)  # loads what is compiled
    plain, seconds = built(x, args.clusters)
    rows = [f"| one process | {seconds:.1f} | - |"]
    for n in (1, 2, 5):
        rows.append(row_of(f"{n} shards, in turn in one process", LocalEngine(n), x, args.clusters, plain))
    if args.ray:
        with two_nodes() as engine:
            rows.append(
                row_of("2 Ray nodes of one CPU on this machine, with their start", engine, x, args.clusters, plain)
            )
    lines = [
        f"{args.rows:,} x {args.dim} float32 into {args.clusters:,} clusters, sampled greedy seeding, at most 10 "
        f"iterations. Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, so seconds say the order only.",
        "",
        "| where | seconds | centroids, leaves and distances equal, every bit |",
        "|---|---|---|",
        *rows,
    ]
    print("\n".join(lines), environment(), sep="\n")
    if args.write:
        append_results("A level of the tree over shards", "\n".join(lines))


if __name__ == "__main__":
    main()
