"""Spreads pieces of work that need nothing but themselves: over the threads of this process, or over workers."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from data_engine.compute.engines import Carrier, Engine

#: Does the same work for each argument, somewhere; the results in the order of the arguments.
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]

_MAX_THREADS = 8


def over_threads(work: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
    """The results of the work in the order of the arguments, of which few are taken before their turn."""
    from joblib import cpu_count

    n_threads = min(cpu_count(), _MAX_THREADS)
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(n_threads) as threads:
        for argument in arguments:
            waiting.append(threads.submit(work, argument))
            if len(waiting) >= 2 * n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def over_workers(engine: Engine) -> Iterator[Spread]:
    """`over_threads` by the workers of an engine; the work has to be a function of a module, or a `partial` of one."""
    with engine.workers(Carrier, [()] * engine.n_workers) as carriers:

        def spread(work: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
            return carriers.spread("carry", ((work, argument) for argument in arguments))

        yield spread
