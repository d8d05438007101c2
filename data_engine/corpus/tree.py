"""The block `tree` of a corpus' YAML: the levels of the cluster tree and when it is built again.

Clustering itself is in `data_engine.clustering`.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema, model_validator

from data_engine.settings import Settings


class Tree(Settings):
    """The hierarchical k-means cluster tree. Give `levels` or `n_clusters`; without either, levels are auto."""

    levels: Annotated[Literal["auto"] | None, WithJsonSchema({"enum": ["auto"]})] = None
    """auto: levels and clusters follow from the number of embedded samples when the tree is built, from `n_concepts`
    and from the subset's target size; the tree step says what was chosen and why. Only the hierarchical methods choose
    by the tree; for `balanced` it is what the report shows the subset over."""
    n_clusters: Annotated[
        Literal["auto"] | tuple[int, ...] | None,
        WithJsonSchema(
            {
                "type": ["array", "string"],
                "pattern": "^auto$",
                "minItems": 1,
                "items": {"type": "integer", "minimum": 1},
            }
        ),
    ] = None
    """Clusters per level, the finest first; or auto, as for `levels`."""
    n_concepts: int | None = Field(default=None, ge=1)
    """Subjects that the clusters of the coarsest level should tell apart: automatic levels give it no fewer. The
    hierarchical methods share the subset out over them; `balanced` has no use for it."""
    n_resamples: int = Field(default=0, ge=0, le=100)
    """Number of times that each level is rebuilt on its most central members (Vo et al. 2024,
    arXiv 2405.15613); the subset's method is then not `hierarchical`."""
    resample_sizes: tuple[int, ...] | None = None
    """Members kept per cluster when resampling, one per level; automatic levels bring their own."""
    max_iterations: int = Field(default=50, ge=1, le=1000)
    """Most Lloyd iterations per k-means."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """CPU, GPU ("cuda"), or auto: a GPU if torch sees one and the corpus is large."""
    rebuild_at_growth: float = Field(default=0.25, gt=0)
    """The tree is frozen until the corpus has grown by more than this share since it was built."""

    @property
    def fixed_levels(self) -> tuple[int, ...] | None:
        """Clusters per level, the finest first; None when they are automatic."""
        return None if self.n_clusters == "auto" else self.n_clusters

    @model_validator(mode="after")
    def _one_way_to_give_levels(self) -> "Tree":
        if self.levels is not None and self.n_clusters is not None:
            given = "auto" if self.n_clusters == "auto" else list(self.n_clusters)
            raise ValueError(f"levels is {self.levels} and n_clusters is {given}; give one of them, remove the other")
        if self.fixed_levels is None and self.resample_sizes is not None:
            raise ValueError(
                f"resample_sizes is {list(self.resample_sizes)} but the levels are automatic, which bring their own; "
                "remove resample_sizes, or give n_clusters"
            )
        return self

    @model_validator(mode="after")
    def _coarser_upwards(self) -> "Tree":
        counts = self.fixed_levels
        if counts is None:
            return self
        if not counts or any(k < 1 for k in counts):
            raise ValueError(f"n_clusters is {list(counts)}; give at least one level, each of at least 1 cluster")
        for level, (finer, coarser) in enumerate(pairwise(counts), start=1):
            if coarser >= finer:
                raise ValueError(
                    f"n_clusters has {finer} at level {level} and {coarser} at level {level + 1}; every level must be "
                    f"coarser than the one below it: give level {level + 1} fewer than {finer}"
                )
        if self.n_resamples and (self.resample_sizes is None or len(self.resample_sizes) != len(counts)):
            raise ValueError(
                f"n_resamples is {self.n_resamples}, so resample_sizes needs one size for each of the "
                f"{len(counts)} levels"
            )
        return self
