"""Hours and bytes of each kind of work, from rates per core, per GPU and per network card.

Each kind of work takes as long as its computing and its reading take one after the other, except where both go on at
once, which `costs` says. Nothing is taken off for machines that wait for each other. Seeds, a store that answers late
and people who label are not in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from math import sqrt

from data_engine.errors import InvalidInput

RULES_PER_CORE = 7.3e3
"""Texts a second that one core takes through the rules of the first pass."""
PAIRS_PER_CORE = 61e3
"""Texts a second of which one core finds the near duplicates, keys included."""
KMEANS_PER_CORE = 200e9
"""Operations a second of one core in products of k-means (8-bit integers)."""
ENCODER_PER_CORE = 230e9
"""Operations a second of one core in an encoder (bfloat16)."""
PER_GPU = 395e12
"""Operations a second of a GPU in either, half of what an H200 reaches in bare products of bfloat16."""
NETWORK = 1.25e9
"""Bytes a second between a machine and the store or the other machines: 10 Gbit/s."""
MEMORY = 256e9
"""Bytes of a machine that embeddings may take."""

KEY_BYTES = 25 * 16
"""Of the keys by which a text finds near duplicates."""
ITERATIONS = 20
"""Of k-means, at each level."""
SAMPLES_PER_CLUSTER = 60
MOST_CLUSTERS = 10_000_000
CELLS_FROM = 1_000_000
"""Clusters from which on level 1 is worth building in cells, `build_tree(two_stage=...)` of `clustering`."""
HIGHER_LEVELS = (20, 200, 1000)
"""Of how many clusters of level 1 the levels above have one."""
SUM_BYTES, ID_BYTES = 8, 8


@dataclass(frozen=True)
class Machines:
    """Machines that are all alike."""

    n_nodes: int = 1
    cores: int = 64
    """Of each."""
    gpus: int = 0
    """Of each; with any of them, the encoder and k-means run there."""

    def __post_init__(self) -> None:
        _refuse_negative(self, least={"n_nodes": 1, "cores": 1})

    @property
    def network(self) -> float:
        """Bytes a second of all together."""
        return self.n_nodes * NETWORK

    @property
    def all_cores(self) -> int:
        """Of all together."""
        return self.n_nodes * self.cores

    def operations(self, per_core: float) -> float:
        """A second, of all together."""
        return self.n_nodes * self.gpus * PER_GPU if self.gpus else self.all_cores * per_core


@dataclass(frozen=True)
class Workload:
    """A corpus of texts and its encoder."""

    n_samples: int
    text_bytes: int = 4096
    """Of a text, on average."""
    kept: float = 0.6
    """Share of the samples that the first pass keeps."""
    parameters: float = 86e6
    """Of the encoder, without its table of words."""
    tokens: int = 256
    """Of a text, as the encoder reads it."""
    dim: int = 768
    """Values of an embedding."""
    value_bytes: int = 2
    """Of each of them, where k-means reads it."""
    n_clusters: int | None = None
    """Of level 1; one for 60 kept samples where None, at most 10 million."""

    def __post_init__(self) -> None:
        _refuse_negative(self, least={"n_samples": 1, "tokens": 1, "dim": 1, "value_bytes": 1, "n_clusters": 1})
        if not self.kept <= 1:
            raise InvalidInput(f"kept is {self.kept}; it is the share of samples that the first pass keeps, at most 1")

    @property
    def n_kept(self) -> float:
        """Samples that the first pass keeps."""
        return self.n_samples * self.kept

    @property
    def levels(self) -> tuple[tuple[float, int], ...]:
        """(rows, clusters) of each level, the finest first; a level clusters the centroids of the one below."""
        finest = self.n_clusters or max(min(MOST_CLUSTERS, round(self.n_kept / SAMPLES_PER_CLUSTER)), 1)
        sizes = [finest, *(max(finest // share, 1) for share in HIGHER_LEVELS)]
        return tuple(zip([self.n_kept, *map(float, sizes[:-1])], sizes, strict=True))


class Today(Enum):
    """Where the engine does a kind of work as it is today."""

    ALL_NODES = "all nodes"
    """A batch each: runs of several batches go on side by side, on as many machines as there are."""
    ONE_NODE = "one node"
    NOWHERE = "not built"
    """No setting of a corpus chooses it."""


@dataclass(frozen=True)
class Cost:
    """What one kind of work takes."""

    work: str
    seconds: float
    n_bytes: float
    """That it reads from the store or sends between machines, once for all."""
    bytes_are: str
    today: Today = Today.ONE_NODE
    is_counted: bool = True
    """Whether it adds to the total: of two ways to do the same, the faster does."""


def costs(workload: Workload, machines: Machines) -> list[Cost]:
    """What each kind of work takes if all machines share it evenly, in the order in which it is done.

    Args:
        workload: the corpus.
        machines: what it runs on.

    Returns: one cost each; several of level 1, of which one is counted, where there is more than one way.
    """
    m, w = machines, workload
    texts, keys, vectors = w.n_samples * w.text_bytes, w.n_samples * KEY_BYTES, w.n_kept * w.dim * w.value_bytes
    encoding = w.n_kept * 2 * w.parameters * w.tokens / m.operations(ENCODER_PER_CORE)
    # Texts are read while those before are judged.
    reading = max(texts / m.network, w.n_samples / (m.all_cores * RULES_PER_CORE))
    pairs = w.n_samples / (m.all_cores * PAIRS_PER_CORE) + 2 * keys / m.network
    return [
        Cost("read texts, rules", reading, texts, "texts"),
        Cost("near duplicates", pairs, keys, "keys"),
        Cost("embed", encoding, vectors, "embeddings", Today.ALL_NODES),
        *_first_level(w, m, vectors),
        *_higher_levels(w, m),
        Cost("choose the subset", 2 * w.n_kept * ID_BYTES / m.network, w.n_kept * ID_BYTES, "ids"),
    ]


def costs_today(workload: Workload, machines: Machines) -> list[Cost]:
    """As `costs`, with the machines that the engine uses today: one for all that it does not divide among several.

    What it has no setting for is not counted, and the other way to do the same is.
    """
    alone = costs(workload, replace(machines, n_nodes=1))
    pairs = zip(costs(workload, machines), alone, strict=True)
    taken = [many if many.today is Today.ALL_NODES else one for many, one in pairs]
    return [replace(each, is_counted=each.today is not Today.NOWHERE) for each in taken]


def _first_level(workload: Workload, machines: Machines, vectors: float) -> Iterator[Cost]:
    """Level 1 as one k-means, and in cells where there are enough clusters."""
    rows, k = workload.levels[0]
    flat = _kmeans_seconds(rows, k, workload, machines)
    in_cells = _cells_seconds(rows, k, workload, machines) if k >= CELLS_FROM else None
    is_flat = in_cells is None or flat <= in_cells
    sums = 2 * k * workload.dim * SUM_BYTES * ITERATIONS
    yield Cost(f"level 1, {k:,} clusters", flat, vectors + sums, "embeddings, sums", is_counted=is_flat)
    if in_cells is not None:
        work = f"level 1, {k:,} clusters in cells"
        yield Cost(work, in_cells, 4 * vectors, "embeddings, 4 times", Today.NOWHERE, not is_flat)


def _higher_levels(workload: Workload, machines: Machines) -> Iterator[Cost]:
    for number, (rows, k) in enumerate(workload.levels[1:], start=2):
        seconds = _kmeans_seconds(rows, k, workload, machines)
        n_bytes = rows * workload.dim * workload.value_bytes
        yield Cost(f"level {number}, {k:,} clusters", seconds, n_bytes, "centroids")


def _kmeans_seconds(rows: float, k: int, workload: Workload, machines: Machines) -> float:
    """Of a level as one k-means: every row against every centroid, sums both ways over one network card, and reading.

    Rows that fit the memory of all machines are read once, others in every iteration.
    """
    n_bytes = rows * workload.dim * workload.value_bytes
    products = ITERATIONS * 2 * rows * k * workload.dim / machines.operations(KMEANS_PER_CORE)
    sums = ITERATIONS * 2 * k * workload.dim * SUM_BYTES / NETWORK
    passes = ITERATIONS if n_bytes > machines.n_nodes * MEMORY else 1
    return products + sums + passes * n_bytes / machines.network


def _cells_seconds(rows: float, k: int, workload: Workload, machines: Machines) -> float:
    """Of a level in about the square root of k cells: rows to their cell, then as many clusters in each cell."""
    n_bytes = rows * workload.dim * workload.value_bytes
    products = 2 * rows * sqrt(k) * workload.dim * (1 + 2 * ITERATIONS) / machines.operations(KMEANS_PER_CORE)
    return products + 4 * n_bytes / machines.network


def _refuse_negative(given: Machines | Workload, *, least: dict[str, int]) -> None:
    for each in fields(given):
        value, bound = getattr(given, each.name), least.get(each.name, 0)
        if value is not None and not value >= bound:
            raise InvalidInput(f"{each.name} is {value:g}; give at least {bound}")
