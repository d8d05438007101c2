"""The block `compute` of a corpus' YAML: its work is done on a cluster, or here where that would not repay.

A cluster costs about half a minute to begin with: workers start, load what they need, and are told what to do.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from data_engine.compute.engines import Engine
from data_engine.settings import Settings

logger = logging.getLogger(__name__)

LOCAL = "local"
"""What is said where no cluster is named."""


class Compute(Settings):
    """Where long work is done: near-duplicates, embedding, and large levels of the tree. Results are the same."""

    engine: Literal["local", "ray"] = "local"
    """local: by the process of the step; ray: by the nodes of a Ray cluster (extra `ray`), see docs/scaling.md."""
    address: str = Field(default="auto", pattern=r"^(auto|(ray://)?[^\s/:]+:[0-9]+)$")
    """Of the cluster: auto is the one that this host is a node of; or HOST:PORT, or ray://HOST:PORT."""
    from_minutes: float = Field(default=5.0, ge=0)
    """Estimated minutes of work on this host from which on the cluster does it; starting there takes half a minute."""


@dataclass(frozen=True)
class Chosen:
    """Where work is done: `engine` is None for this process without shards; `said` is what people are told."""

    engine: Engine | None
    said: str


def told(said: str) -> dict[str, str]:
    """For the metadata of a step, where its work was done; nothing where no cluster is named."""
    return {} if said == LOCAL else {"computed on": said}


@contextmanager
def chosen_engine(choice: Compute, work: str, minutes: float) -> Iterator[Chosen]:
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
