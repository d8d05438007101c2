"""Two Ray nodes in a namespace with nothing but `lo`; one is killed in the middle of a k-means. Prints what came out.

Started by `test_ray_engine.py`, as Ray listens on every interface that there is.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}

import numpy as np
import ray
from ray.cluster_utils import Cluster

from data_engine.clustering import build_tree
from data_engine.compute import ray_engine as engine_module
from data_engine.compute.embedding_pool import EmbeddingWork, EncoderWorker, _unknown_chunks, embed_on
from data_engine.compute.engines import Carrier
from data_engine.compute.kmeans_shards import sharded_levels
from data_engine.compute.ray_engine import RayEngine, ray_engine
from data_engine.embedding import embed_unique, load_encoder
from data_engine.errors import InvalidInput
from data_engine.storage.embedding_cache import EmbeddingCache

IDS = [f"{n * 7919 % 30011:08x}" for n in range(3000)]


def embedded(engine: RayEngine, folder: Path) -> dict[str, Any]:
    """Whether the workers put the files into the cache that one process puts there."""
    encoder = load_encoder("hashed-ngrams/16")
    works = [
        EmbeddingWork(
            IDS, lambda at: [f"text {IDS[i]}" for i in at], encoder, EmbeddingCache(folder / n, encoder.version, 16)
        )
        for n in ("alone", "shared")
    ]
    embed_unique(IDS, works[0].load, encoder, works[0].cache)
    n = embed_on(engine, works[1], _unknown_chunks(works[1]))
    alone, shared = ({p.name: p.read_bytes() for p in (folder / n).rglob("*.parquet")} for n in ("alone", "shared"))
    return {"embedded": n, "same files": alone == shared, "files": len(shared)}


def refused(engine: RayEngine) -> dict[str, str]:
    """What is said of a worker that cannot be made, and of work that is too large."""

    def said(act: Any) -> str:
        try:
            act()
        except InvalidInput as error:
            return str(error)
        return ""

    def start() -> None:
        other = (load_encoder("hashed-ngrams/16").name, "other-bfloat16", None)
        with engine.workers(EncoderWorker, [other]):
            pass

    def wait(more: RayEngine, work: Callable[[Any], Any]) -> None:
        with more.workers(Carrier, [()]) as workers:
            workers.ask("carry", (work,), [(0,)])

    too_many = RayEngine(tuple(replace(node, cpus=100.0) for node in engine.nodes))
    engine_module._START_S, before = 2.0, engine_module._START_S
    never_placed = said(lambda: wait(too_many, str))
    engine_module._START_S = before
    engine_module._LOOK_S, engine_module._SILENT_S = 0.5, 2.0
    silent = said(lambda: wait(engine, stops))
    engine_module._LOOK_S, engine_module._SILENT_S = 20.0, 300.0
    too_large = said(lambda: engine.require_memory(10**15))
    return {"other encoder": said(start), "too large": too_large, "never placed": never_placed, "silent": silent}


def stops(_: Any) -> None:
    """Be there, and do nothing any more."""
    os.kill(os.getpid(), signal.SIGSTOP)


def killed_meanwhile(engine: RayEngine, raylet: int) -> dict[str, Any]:
    """Whether a tree over shards is the one of this process, though a node dies at the third call of the shards."""
    x = np.random.default_rng(0).normal(size=(3000, 16)).astype(np.float32)
    plain = build_tree(x, [40, 5], seed=0)
    asked, n = engine_module._RayWorkers.ask, 0

    def ask(self: Any, *arguments: Any) -> list[Any]:
        nonlocal n
        n += 1
        if n == 3:
            os.kill(raylet, signal.SIGKILL)
        return asked(self, *arguments)

    engine_module._RayWorkers.ask = ask  # type: ignore[method-assign]
    with sharded_levels(engine, from_minutes=1e-9) as device:
        found = build_tree(x, [40, 5], seed=0, device=device)
    return {
        "calls": n,
        "same tree": found.version == plain.version and bool(np.array_equal(found.leaf, plain.leaf)),
        "same distances": bool(np.array_equal(found.distance, plain.distance)),
    }


def main() -> None:
    """Run everything on one cluster, which takes the longest to start."""
    quick = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
    node = {"num_cpus": 1, "object_store_memory": 100_000_000}
    cluster = Cluster(
        initialize_head=True, head_node_args={**node, "include_dashboard": False, "_system_config": quick}
    )
    second = cluster.add_node(**node)
    raylet = next(
        each.process.pid for name, found in second.all_processes.items() if "raylet" in name for each in found
    )
    with ray_engine(cluster.address) as engine:
        found: dict[str, Any] = {"shown": engine.shown, **refused(engine)}
        with tempfile.TemporaryDirectory() as folder:
            found |= embedded(engine, Path(folder))
        found |= killed_meanwhile(engine, raylet)
    with ray_engine(cluster.address) as engine:
        found["shown after"] = engine.shown
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
