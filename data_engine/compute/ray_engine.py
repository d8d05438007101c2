"""The engine of a Ray cluster: one actor on each node, started anew elsewhere when its node or process dies.

A worker is never asked for more than it was made with, so one that starts anew answers the same. Nothing is waited for
without end: the cluster is looked at before workers are made, and a worker that says nothing for long is an error.
"""

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from data_engine.compute.engines import Arguments
from data_engine.errors import InvalidInput

logger = logging.getLogger(__name__)

#: Seconds after which a worker that has not started, or does not answer, is given up.
_START_S, _SILENT_S = 300.0, 300.0
#: Seconds in which somebody has to listen at the address of a cluster.
_KNOCK_S = 5.0
#: Seconds between two looks at workers that have not answered yet.
_LOOK_S = 20.0
#: How often a worker is started anew, and a call made again.
_RESTARTS = 20


@dataclass(frozen=True)
class _Node:
    node_id: str
    cpus: float
    object_store: float
    """Bytes."""


class _Host:
    """An actor: the worker that it was made for, and a sign of life that is given while that one works."""

    def __init__(self, kind: Callable[..., Any], *arguments: Any) -> None:
        self._worker = kind(*arguments)

    def call(self, method: str, *arguments: Any) -> Any:
        """What the method of the worker gives."""
        return getattr(self._worker, method)(*arguments)

    def alive(self) -> bool:
        """True, once the worker is made."""
        return True


@contextmanager
def ray_engine(address: str) -> Iterator["RayEngine"]:
    """A connection to a running cluster, which ends with the block if it was made here.

    Args:
        address: auto for the cluster that this host is in; or HOST:PORT, or ray://HOST:PORT.

    Raises: InvalidInput when Ray is not installed, no cluster is there, or none of its nodes has a processor.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InvalidInput(
            "compute.engine is ray, but Ray is not installed; pip install 'data-engine[ray]', or set it to local"
        ) from None
    was_connected = ray.is_initialized()
    if not was_connected:
        try:
            _knock(address)
            ray.init(address=address, configure_logging=False, log_to_driver=True)
        except (OSError, RuntimeError, ValueError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InvalidInput(
                f"compute.engine is ray, but no cluster answers at {address!r} ({said}); start one on this host by "
                "`ray start --head`, join one by `ray start --address=HOST:6379`, or set compute.engine to local"
            ) from error
    try:
        yield RayEngine(tuple(_nodes(address)))
    finally:
        if not was_connected:
            ray.shutdown()


def _knock(address: str) -> None:
    """Ask whether anybody listens where Ray would wait for minutes.

    Raises: OSError when nobody does within five seconds.
    """
    if address == "auto":
        # What `ray start` leaves behind outlives a node that was killed.
        left = Path(os.environ.get("RAY_TMPDIR") or gettempdir(), "ray", "ray_current_cluster")
        address = os.environ.get("RAY_ADDRESS") or (left.read_text("utf-8").strip() if left.is_file() else "")
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()


def _nodes(address: str) -> list[_Node]:
    """The living nodes with at least one processor, sorted, so that the same cluster is always used alike."""
    import ray

    resources = {each["NodeID"]: each["Resources"] for each in ray.nodes() if each["Alive"]}
    found = [
        _Node(node_id, have["CPU"], have.get("object_store_memory", 0.0))
        for node_id, have in sorted(resources.items())
        if have.get("CPU", 0) >= 1
    ]
    if not found:
        raise InvalidInput(
            f"the work needs a node with at least 1 CPU, but the Ray cluster at {address!r} has {len(resources)} nodes "
            f"with {sum(have.get('CPU', 0) for have in resources.values()):g} CPUs; add one by "
            "`ray start --address=HOST:6379`, or set compute.engine to local"
        )
    return found


@dataclass(frozen=True)
class RayEngine:
    """A cluster: a worker for each node, or for each part of the work where there are fewer."""

    nodes: tuple[_Node, ...]

    @property
    def n_workers(self) -> int:
        """One for each node."""
        return len(self.nodes)

    @property
    def shown(self) -> str:
        """What people are told."""
        return f"Ray, {len(self.nodes)} nodes with {sum(node.cpus for node in self.nodes):g} CPUs"

    def require_memory(self, n_bytes: int) -> None:
        """Refuse what does not fit the object store of the smallest node.

        Raises: InvalidInput naming both.
        """
        least = min(node.object_store for node in self.nodes)
        if n_bytes > least:
            raise InvalidInput(
                f"each of {len(self.nodes)} workers is to hold {n_bytes / 1e9:.1f} GB, but the object store of the "
                f"smallest node has {least / 1e9:.1f} GB; add nodes, start them with a larger "
                "`--object-store-memory`, or set compute.engine to local"
            )

    @contextmanager
    def workers(self, kind: Callable[..., Any], each: Sequence[Arguments]) -> Iterator["_RayWorkers"]:
        """As `Engine.workers`; large arguments lie in the object store of this host, so that a worker can start anew.

        Raises: InvalidInput when the workers cannot be placed, with what is asked for and what there is.
        """
        import ray

        started = _RayWorkers(self, [], [])
        try:
            for number, arguments in enumerate(each):
                sent = [ray.put(value) if isinstance(value, np.ndarray) else value for value in arguments]
                started.held.extend(sent)
                started.actors.append(self._actor_class(number, len(each)).remote(kind, *sent))
            started.wait_until_ready()
            yield started
        finally:
            for actor in started.actors:
                ray.kill(actor)

    def share(self, n_workers: int) -> float:
        """CPUs that a worker asks for: so few that all find a place on the smallest node when others die, twice over.

        Twice, because those that hold shards stay while others work on cells.
        """
        return max(int(500 * min(node.cpus for node in self.nodes) / n_workers), 1) / 1000

    def _actor_class(self, number: int, n_workers: int) -> Any:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        node = self.nodes[number % len(self.nodes)]
        on_this_node = -(-n_workers // len(self.nodes))
        threads = str(max(1, int(node.cpus) // on_this_node))
        return ray.remote(concurrency_groups={"life": 1})(_Host).options(
            num_cpus=self.share(n_workers),
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.node_id, soft=True),
            # Both are what libraries ask, and else Ray says one thread, or the host says all.
            runtime_env={"env_vars": {"OMP_NUM_THREADS": threads, "LOKY_MAX_CPU_COUNT": threads}},
        )


@dataclass(frozen=True)
class _RayWorkers:
    """The actors of one kind."""

    engine: RayEngine
    actors: list[Any]
    held: list[Any]
    """What they were made with: as long as it is held, they can be made again."""

    def wait_until_ready(self) -> None:
        """Wait until every worker is made.

        Raises: InvalidInput when it takes too long; what a worker raised when it was made.
        """
        import ray

        refs = [_alive(actor) for actor in self.actors]
        ready, _ = ray.wait(refs, num_returns=len(refs), timeout=_START_S)
        _raised_when_made(ready)
        if len(ready) < len(refs):
            has, free = ray.cluster_resources().get("CPU", 0), ray.available_resources().get("CPU", 0)
            asked = self.engine.share(len(refs))
            raise InvalidInput(
                f"{len(refs) - len(ready)} of {len(refs)} workers of {asked:g} CPUs each have not started after "
                f"{_START_S:.0f} s; the Ray cluster has {has:g} CPUs, of which {free:g} are free: wait for other work "
                "to end, add nodes by `ray start --address=HOST:6379`, or set compute.engine to local"
            )

    def ask(self, method: str, shared: Arguments, each: Sequence[Arguments]) -> list[Any]:
        """As `Workers.ask`; shared arguments are sent to each node once."""
        import ray

        common = [ray.put(value) for value in shared]
        pairs = zip(self.actors, each, strict=True)
        waiting = {actor.call.remote(method, *common, *arguments): n for n, (actor, arguments) in enumerate(pairs)}
        found: list[Any] = [None] * len(self.actors)
        while waiting:
            done = self._next(waiting, method)
            found[waiting.pop(done)] = _value(done)
        return found

    def spread(self, method: str, each: Iterable[Arguments]) -> Iterator[Any]:
        """As `Workers.spread`; no more is asked for than there are workers, or kept than is not yet taken."""
        free, work = deque(range(len(self.actors))), enumerate(each)
        waiting: dict[Any, int] = {}
        number_of: dict[Any, int] = {}
        found: dict[int, Any] = {}
        wanted, is_left = 0, True
        while is_left or waiting:
            while is_left and free:
                following = next(work, None)
                if following is None:
                    is_left = False
                    break
                actor = free.popleft()
                ref = self.actors[actor].call.remote(method, *following[1])
                waiting[ref], number_of[ref] = actor, following[0]
            if waiting:
                done = self._next(waiting, method)
                free.append(waiting.pop(done))
                found[number_of.pop(done)] = _value(done)
            while wanted in found:
                yield found.pop(wanted)
                wanted += 1

    def _next(self, waiting: dict[Any, int], method: str) -> Any:
        """One of these calls that has ended.

        Raises: InvalidInput when a worker that is waited for has given no sign of life for long.
        """
        import ray

        seen = dict.fromkeys(waiting.values(), time.monotonic())
        signs: dict[Any, int] = {}
        while True:
            done, _ = ray.wait(list(waiting), num_returns=1, timeout=_LOOK_S)
            if done:
                return done[0]
            asked = set(signs.values())
            signs |= {_alive(self.actors[n]): n for n in waiting.values() if n not in asked}
            answered, _ = ray.wait(list(signs), num_returns=len(signs), timeout=1.0)
            seen |= {signs.pop(ref): time.monotonic() for ref in answered}
            silent = [n for n, at in seen.items() if time.monotonic() - at > _SILENT_S]
            logger.info("waiting for %s of workers %s on %s", method, sorted(seen), self.engine.shown)
            if silent:
                has = ray.cluster_resources().get("CPU", 0)
                raise InvalidInput(
                    f"workers {silent} have given no sign of life for {_SILENT_S:.0f} s; they need "
                    f"{self.engine.share(len(self.actors)):g} CPUs each and the Ray cluster has {has:g} now: add nodes "
                    "and start the run again, which goes on where this one stopped"
                )


def _alive(actor: Any) -> Any:
    return actor.alive.options(concurrency_group="life").remote()


def _raised_when_made(ready: Sequence[Any]) -> None:
    for ref in ready:
        _value(ref)


def _value(ref: Any) -> Any:
    """What a call gave.

    Raises: the error of this package that the worker raised; InvalidInput for a worker that died too often.
    """
    import ray
    from ray.exceptions import ActorDiedError, RayTaskError

    try:
        return ray.get(ref)
    except ActorDiedError as error:
        said = str(error).strip()
        own = next((line for line in said.splitlines() if "data_engine.errors." in line), "")
        why = own.partition(": ")[2] or said.splitlines()[0]
        raise InvalidInput(f"a worker on the Ray cluster could not go on: {why}") from error
    except RayTaskError as error:
        if isinstance(error.cause, Exception):
            raise error.cause from error
        raise
