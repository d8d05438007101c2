"""Engine: makes workers, objects that hold a part of the work each, and calls them; here the one of this process.

The one of a Ray cluster is in `ray_engine.py`. Both give the same results, in the same order.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

Arguments = Sequence[Any]


class Workers(Protocol):
    """Objects of one kind that are called together."""

    def ask(self, method: str, shared: Arguments, each: Sequence[Arguments]) -> list[Any]:
        """What the method gives on every worker, in their order; `shared` arguments come before those of `each`."""

    def spread(self, method: str, each: Iterable[Arguments]) -> Iterator[Any]:
        """What the method gives for each arguments, in their order; whoever is free takes the next."""


class Engine(Protocol):
    """Where workers are."""

    @property
    def n_workers(self) -> int:
        """Workers that work goes to at once."""

    @property
    def shown(self) -> str:
        """What people are told of where the work was done."""

    def require_memory(self, n_bytes: int) -> None:
        """Refuse, as InvalidInput, work that holds more bytes on each worker than there is room for."""

    def workers(self, kind: Callable[..., Any], each: Sequence[Arguments]) -> AbstractContextManager[Workers]:
        """One object `kind(*arguments)` for each arguments; they end with the block."""


@dataclass(frozen=True)
class LocalWorkers:
    """Objects of this process, called one after the other."""

    objects: tuple[Any, ...]

    def ask(self, method: str, shared: Arguments, each: Sequence[Arguments]) -> list[Any]:
        """As `Workers.ask`."""
        pairs = zip(self.objects, each, strict=True)
        return [getattr(worker, method)(*shared, *arguments) for worker, arguments in pairs]

    def spread(self, method: str, each: Iterable[Arguments]) -> Iterator[Any]:
        """As `Workers.spread`."""
        for number, arguments in enumerate(each):
            yield getattr(self.objects[number % len(self.objects)], method)(*arguments)


@dataclass(frozen=True)
class LocalEngine:
    """This process, as if it were several machines."""

    n_workers: int = 1

    @property
    def shown(self) -> str:
        """What people are told."""
        return f"this process, {self.n_workers} shards"

    def require_memory(self, n_bytes: int) -> None:
        """Nothing is held twice."""

    def workers(self, kind: Callable[..., Any], each: Sequence[Arguments]) -> AbstractContextManager[LocalWorkers]:
        """As `Engine.workers`."""
        return nullcontext(LocalWorkers(tuple(kind(*arguments) for arguments in each)))


class Carrier:
    """A worker that does whatever work it is given."""

    def carry(self, work: Callable[[Any], Any], argument: Any) -> Any:
        """What the work gives."""
        return work(argument)
