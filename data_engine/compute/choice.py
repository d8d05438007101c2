"""Where the work of a step is done: on the cluster that the corpus names, or here where that would not repay.

A cluster costs about half a minute to begin with: workers start, load what they need, and are told what to do.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from data_engine.compute.engines import Engine

logger = logging.getLogger(__name__)

LOCAL = "local"
"""What is said where no cluster is named."""


@dataclass(frozen=True)
class ComputeChoice:
    """The block `compute` of a corpus, as plain values.

    Attributes:
        engine: "local" for this process; "ray" for a cluster.
        address: Of the cluster: auto for the one that this host is in.
        from_minutes: Estimated minutes of work here from which on the cluster does it.
    """

    engine: Literal["local", "ray"] = "local"
    address: str = "auto"
    from_minutes: float = 5.0


@dataclass(frozen=True)
class Chosen:
    """Where work is done: `engine` is None for this process without shards; `said` is what people are told."""

    engine: Engine | None
    said: str


def told(said: str) -> dict[str, str]:
    """For the metadata of a step, where its work was done; nothing where no cluster is named."""
    return {} if said == LOCAL else {"computed on": said}


@contextmanager
def chosen_engine(choice: ComputeChoice, work: str, minutes: float) -> Iterator[Chosen]:
    """The engine for some work, connected within the block.

    Args:
        choice: what the corpus says.
        work: what it is, for people.
        minutes: estimated minutes that it takes here.

    Raises: InvalidInput when the cluster cannot be reached or has no processor for it.
    """
    if choice.engine == "local":
        yield Chosen(None, LOCAL)
        return
    estimate = f"{work} takes about {minutes:.1f} minutes here"
    if minutes < choice.from_minutes:
        said = f"local: {estimate}, less than the {choice.from_minutes:g} of compute.from_minutes"
        logger.info("%s", said)
        yield Chosen(None, said)
        return
    from data_engine.compute.ray_engine import ray_engine

    with ray_engine(choice.address) as engine:
        said = f"{engine.shown}: {estimate}"
        logger.info("%s", said)
        yield Chosen(engine, said)
