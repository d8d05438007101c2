"""k-means levels over shards that an engine holds; what is computed is in `data_engine.clustering.sharded`."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

from data_engine.clustering.sharded import DeviceOpener, Shard, ShardedDevice, shard_edges
from data_engine.clustering.types import Matrix
from data_engine.compute.choice import LOCAL, Compute, chosen_engine
from data_engine.compute.engines import Engine
from data_engine.compute.spreading import Spread, over_workers
from data_engine.cost_model.work_costs import ITERATIONS, KMEANS_PER_CORE

logger = logging.getLogger(__name__)


def kmeans_minutes(n_rows: int, n_clusters: int, dim: int) -> float:
    """Estimated minutes of one k-means with every core of this host."""
    from joblib import cpu_count

    return ITERATIONS * 2.0 * n_rows * n_clusters * dim / (KMEANS_PER_CORE * int(cpu_count())) / 60


@contextmanager
def tree_device(
    choice: Compute, on_this_host: str | None, x: Matrix, n_leaves: int, n_resamples: int
) -> Iterator[tuple[str | DeviceOpener | None, str]]:
    """The `device` of `build_tree` by a corpus' choice, and where that is, for people.

    Args:
        choice: what the corpus says.
        on_this_host: the device that would compute here; a GPU stays the choice.
        x: (n, dim) embeddings.
        n_leaves: clusters of level 1.
        n_resamples: how often it is clustered again, on a part of the rows.

    Raises: InvalidInput when the cluster cannot be reached, or is too small for the rows.
    """
    if on_this_host is not None or choice.engine == "local":
        yield on_this_host, LOCAL
        return
    # Every resampling assigns all rows once.
    minutes = kmeans_minutes(len(x), n_leaves, x.shape[1]) * (1 + n_resamples / ITERATIONS)
    with chosen_engine(choice, f"clustering {len(x)} rows", minutes) as chosen:
        if chosen.engine is None:
            yield None, chosen.said
        else:
            with sharded_levels(chosen.engine, from_minutes=choice.from_minutes) as levels:
                yield levels, chosen.said


@contextmanager
def sharded_levels(engine: Engine, *, from_minutes: float) -> Iterator[DeviceOpener]:
    """The `device` of `build_tree`: levels of at least so many estimated minutes go to shards, the others stay here.

    The matrix is in this process, too, and every worker is sent its rows once for each level.
    """
    with ExitStack() as last:

        def open_level(x: Matrix, n_clusters: int) -> ShardedDevice | None:
            last.close()
            if kmeans_minutes(len(x), n_clusters, x.shape[1]) < from_minutes:
                return None
            edges = shard_edges(len(x), engine.n_workers)
            n = len(edges) - 1
            engine.require_memory(-(-x.nbytes // n))
            logger.info("%d rows go to %d shards on %s", len(x), n, engine.shown)
            blocks = [(x[start:end],) for start, end in pairwise(edges)]
            return ShardedDevice(last.enter_context(engine.workers(Shard, blocks)), edges, _spread_over(engine))

        yield open_level


def _spread_over(engine: Engine) -> Spread:
    """Workers that are there while there is work."""

    def spread(work: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
        with over_workers(engine) as spread_now:
            yield from spread_now(work, arguments)

    return spread
