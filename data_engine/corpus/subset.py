"""The block `subset` of a corpus' YAML: how large the balanced subset is and how it is chosen.

The methods are in `data_engine.sampling`.
"""

from typing import Literal

from pydantic import Field, field_validator

from data_engine.settings import Settings, Similarity

SelectionMethod = Literal[
    "hierarchical", "hierarchical_resampled", "flat_kmeans", "semantic_dedup", "density", "random"
]


class Subset(Settings):
    """The balanced subset."""

    target_size: int = Field(json_schema_extra={"minimum": 1})
    """Samples wanted."""
    method: SelectionMethod = "hierarchical"
    """How they are chosen. hierarchical: evenly over the cluster tree, from the top down. hierarchical_resampled: the
    same over a tree that is built with resampling: the corpus' own where `tree.n_resamples` is set. flat_kmeans:
    evenly over one level of k-means. semantic_dedup: what most resembles another sample of its cluster goes. density:
    with a chance inverse to the local density. random: every sample with the same chance."""
    strategy: Literal["random", "closest"] = "random"
    """Which members of a leaf: at random, or the closest to its centroid."""
    semantic_duplicate_cosine: Similarity = None
    """The cosine of two embeddings at and above which one of the samples goes before the subset is chosen; off: none
    goes. What was chosen or stayed before stays; 0.995 is nearly the same, 0.95 much the same."""
    compare_with: tuple[SelectionMethod, ...] = ("random", "flat_kmeans")
    """Methods that the report holds the subset against; an empty list compares with none."""
    compare_draws: int = Field(default=3, ge=1, le=100)
    """Subsets that are drawn by each method for that; the report shows their mean and their range."""
    compare_at_most: int = Field(default=100_000, ge=1)
    """Above this many samples, methods are compared on a random part of so many, with its part of the target size."""

    @field_validator("target_size")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError(f"target_size is {value}; it must be positive: give the number of samples you want")
        return value
