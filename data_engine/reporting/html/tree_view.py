"""The cluster tree as the page explores it: every cluster with its name, counts, quality and examples.

The largest and smallest clusters alone are in `excerpts.py`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.reporting.metrics.cluster_names import cluster_names
from data_engine.reporting.metrics.known_labels import ancestors_by_level
from data_engine.reporting.sample_text import Shown, shown_samples
from data_engine.schemas import Tables

#: Clusters and leaves that a page without a script shows.
N_TOP, N_LEAVES = 25, 6
#: Up to this many clusters have all their examples on the page; those of more have the first of each kind.
_MANY_CLUSTERS = 4_000
_TEXT_BUDGET, _SHORTEST, _LONGEST = 1_500_000, 40, 160
_SHOWN_OF_ID = 8


@dataclass(frozen=True)
class Node:
    """One cluster."""

    level: int
    number: int
    name: str
    """Its terms; where it has none, its number and the label of most in it: `cluster 7 · mostly cat`."""
    n_samples: int
    n_chosen: int
    quality: float | None
    """Mean simplified silhouette in [-1, 1], higher is clearer."""
    nearest: tuple[Shown, ...]
    border: tuple[Shown, ...]
    children: tuple["Node", ...]
    """Its parts, the largest first; a cluster with a single one below it has the parts of that one."""


@dataclass(frozen=True)
class TreeView:
    """The clusters with samples, those of the coarsest level first, the largest of a level first."""

    n_clusters: tuple[int, ...]
    """Clusters with samples of every level, the finest first."""
    top: tuple[Node, ...]

    def as_json(self, thumbnail: Callable[[str], str] = lambda _: "") -> str:
        """All clusters for the script of the page; safe between the tags of an HTML script element.

        Args:
            thumbnail: gives the image of a sample id as a data URI, or an empty text; the clusters of the coarsest
                level are asked for first.
        """
        samples: dict[str, int] = {}
        texts: list[list[str]] = []

        def number_of(sample: Shown) -> int:
            if sample.sample_id not in samples:
                samples[sample.sample_id] = len(texts)
                texts.append([sample.sample_id[:_SHOWN_OF_ID], sample.text])
            return samples[sample.sample_id]

        def packed(node: Node) -> list[Any]:
            quality = None if node.quality is None else round(node.quality, 2)
            examples = [[number_of(sample) for sample in group] for group in (node.nearest, node.border)]
            children = [packed(child) for child in node.children]
            return [node.level, node.number, node.name, node.n_samples, node.n_chosen, quality, *examples, children]

        nodes = [packed(node) for node in self.top]
        for sample in self._shown_coarsest_first():
            entry = texts[samples[sample.sample_id]]
            if len(entry) == 2 and (image := thumbnail(sample.sample_id)):
                entry.append(image)
        text = json.dumps({"samples": texts, "nodes": nodes}, ensure_ascii=False, separators=(",", ":"))
        return text.replace("<", "\\u003c")

    def _shown_coarsest_first(self) -> Iterator[Shown]:
        level = self.top
        while level:
            for node in level:
                yield from (*node.nearest, *node.border)
            level = tuple(child for node in level for child in node.children)


def tree_view(tables: Tables) -> TreeView | None:
    """The tree of a corpus; None before there is one.

    Args:
        tables: cluster_tree and cluster_portraits; raw_index gives the examples, balanced_subset what was chosen.
    """
    if not {"cluster_tree", "cluster_portraits"} <= set(tables):
        return None
    portraits = tables["cluster_portraits"].filter(pc.greater(tables["cluster_portraits"]["n_samples"], 0))
    n_levels = pc.max(tables["cluster_tree"]["level"]).as_py()
    rows = [portraits.filter(pc.equal(portraits["level"], level)).to_pylist() for level in range(1, n_levels + 1)]
    shown, n_nearest, n_border = _examples(tables, rows)
    parents, chosen = _parents(tables["cluster_tree"]), _chosen(tables, n_levels)
    names = cluster_names(tables)
    below: dict[int, list[Node]] = {}
    for level, clusters in enumerate(rows, start=1):
        above: dict[int, list[Node]] = {}
        for row in sorted(clusters, key=lambda row: (-row["n_samples"], row["cluster"])):
            number = row["cluster"]
            node = Node(
                level=level,
                number=number,
                name=names[level, number],
                n_samples=row["n_samples"],
                n_chosen=chosen[level][number],
                quality=row["silhouette"],
                nearest=tuple(shown[key] for key in row["nearest"][:n_nearest] if key in shown),
                border=tuple(shown[key] for key in row["border"][:n_border] if key in shown),
                children=_parts(below.get(number, [])),
            )
            above.setdefault(parents.get((level, number), -1), []).append(node)
        below = above
    return TreeView(tuple(len(clusters) for clusters in rows), tuple(below.get(-1, ())))


def _parts(children: list[Node]) -> tuple[Node, ...]:
    return children[0].children if len(children) == 1 else tuple(children)


def _examples(tables: Tables, rows: list[list[dict[str, Any]]]) -> tuple[dict[str, Shown], int, int]:
    """Samples to show, and how many of each kind a cluster has; the more there are, the shorter their texts."""
    n_clusters = sum(len(clusters) for clusters in rows)
    n_nearest, n_border = (3, 2) if n_clusters <= _MANY_CLUSTERS else (1, 1)
    keys = {
        key for clusters in rows for row in clusters for key in (*row["nearest"][:n_nearest], *row["border"][:n_border])
    }
    if "raw_index" not in tables or not keys:
        return {}, n_nearest, n_border
    most = int(np.clip(_TEXT_BUDGET // len(keys), _SHORTEST, _LONGEST))
    return shown_samples(tables["raw_index"], keys, most=most), n_nearest, n_border


def _parents(cluster_tree: pa.Table) -> dict[tuple[int, int], int]:
    """(level, cluster) to the cluster of the level above; those of the coarsest level are absent."""
    columns = [cluster_tree[name].to_pylist() for name in ("level", "cluster", "parent")]
    return {(level, cluster): parent for level, cluster, parent in zip(*columns, strict=True) if parent is not None}


def _chosen(tables: Tables, n_levels: int) -> dict[int, Counter[int]]:
    """Chosen samples of every cluster, by level."""
    if "balanced_subset" not in tables:
        return {level: Counter() for level in range(1, n_levels + 1)}
    leaf = tables["balanced_subset"]["leaf"].to_numpy()
    above: dict[int, NDArray[np.int64]] = ancestors_by_level(tables["cluster_tree"])
    return {level: Counter(above[level][leaf].tolist()) for level in above}
