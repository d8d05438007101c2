"""Workers fill the embedding cache, so that the step finds everything there, as after a run that was broken off.

How one chunk is embedded is `data_engine.embedding.caching`, for workers as for anyone.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.compute.choice import LOCAL, Compute, chosen_engine
from data_engine.compute.engines import Engine
from data_engine.embedding import Encoder, embed_unique, load_encoder
from data_engine.embedding.caching import CHUNK, Cache
from data_engine.embedding.encoder import Progress
from data_engine.errors import InvalidInput

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddingWork:
    """Contents to embed.

    Attributes:
        sample_ids: n content hashes, each once.
        load: Gives the contents at the positions asked for.
        encoder: Computes what the cache does not know.
        cache: Known vectors of this encoder version, in a folder that every machine sees; it can be sent to others.
        progress: A callable `advance(n)`: n more are done.
    """

    sample_ids: Sequence[str]
    load: Callable[[Sequence[int]], Sequence[Any]]
    encoder: Encoder
    cache: Cache
    progress: Progress = lambda _n: None


def fill_cache(work: EmbeddingWork, choice: Compute) -> str:
    """Have the workers of a cluster embed what the cache does not know, where that repays.

    The first unknown chunk is embedded here and tells how long the others would take.

    Returns: where it was done, for people.

    Raises: InvalidInput when the cluster cannot be reached, or when a worker's encoder has another version.
    """
    if choice.engine == "local":
        return LOCAL
    chunks = _unknown_chunks(work)
    if not chunks:
        return "local: every content is known"
    started = time.perf_counter()
    _embed_here(work, chunks[0])
    if len(chunks) == 1:
        return "local: there was one chunk to embed"
    minutes = (time.perf_counter() - started) / 60 * (len(chunks) - 1)
    with chosen_engine(choice, f"embedding {len(chunks) - 1} more chunks of {CHUNK}", minutes) as chosen:
        if chosen.engine is not None:
            return f"{chosen.said}; {embed_on(chosen.engine, work, chunks[1:])} embedded there"
        return chosen.said


def embed_on(engine: Engine, work: EmbeddingWork, chunks: Sequence[NDArray[np.int64]]) -> int:
    """Have workers embed chunks, given as positions; the number of contents that they computed."""

    def sent() -> Iterator[tuple[list[str], list[Any]]]:
        for chunk in chunks:
            yield [work.sample_ids[i] for i in chunk], list(work.load(chunk.tolist()))

    n_computed = 0
    of_each = (work.encoder.name, work.encoder.version, work.cache)
    with engine.workers(EncoderWorker, [of_each] * engine.n_workers) as workers:
        for number, found in enumerate(workers.spread("fill", sent())):
            work.progress(found)
            n_computed += found
            if not number and found and not work.cache.get([work.sample_ids[i] for i in chunks[0]])[0].any():
                raise InvalidInput(
                    "a worker has put embeddings into a cache that this host does not see; let DATA_ENGINE_DATA be a "
                    "bucket or a folder that all nodes mount, or set compute.engine to local"
                )
    return n_computed


class EncoderWorker:
    """A worker with an encoder of its own."""

    def __init__(self, name: str, version: str, cache: Cache) -> None:
        """Load the encoder.

        Raises: InvalidInput when it is another version than the one that is asked for.
        """
        self._encoder, self._cache = load_encoder(name), cache
        if self._encoder.version != version:
            raise InvalidInput(
                f"the encoder of this node computes {self._encoder.version}, but the run asks for {version}: another "
                "processor or another release of a package; vectors of the two are not mixed: let the nodes be alike, "
                "or set compute.engine to local"
            )

    def fill(self, sample_ids: Sequence[str], contents: Sequence[Any]) -> int:
        """Embed what the cache does not know of one chunk; how many were computed."""
        found = embed_unique(sample_ids, lambda places: [contents[i] for i in places], self._encoder, self._cache)
        return found.n_computed


def _unknown_chunks(work: EmbeddingWork) -> list[NDArray[np.int64]]:
    """The chunks that `embed_unique` cuts, without those that the cache knows whole."""
    order = sorted(range(len(work.sample_ids)), key=work.sample_ids.__getitem__)
    chunks = [np.array(order[start : start + CHUNK]) for start in range(0, len(order), CHUNK)]
    return [chunk for chunk in chunks if not work.cache.get([work.sample_ids[i] for i in chunk])[0].all()]


def _embed_here(work: EmbeddingWork, chunk: NDArray[np.int64]) -> None:
    ids, places = [work.sample_ids[i] for i in chunk], chunk.tolist()
    embed_unique(ids, lambda some: work.load([places[i] for i in some]), work.encoder, work.cache)
