"""The block `subset` of a corpus' YAML: how large the balanced subset is and how it is chosen.

The methods are in `data_engine.sampling`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from data_engine.settings import OneOf, Settings, Similarity


def _methods() -> Mapping[str, str]:
    from data_engine.sampling.methods import METHODS

    return {name: method.summary for name, method in METHODS.items()}


class Subset(Settings):
    """The balanced subset."""

    target_size: int = Field(json_schema_extra={"minimum": 1})
    """Samples wanted."""
    method: Annotated[str, OneOf("How they are chosen.", _methods)] = "balanced"
    evenness: Annotated[float, Field(ge=0, le=1)] | None = None
    """How far `balanced` evens the pool out: at 0 every sample of the pool counts the same, at 1 every region, however
    dense it is. Without it, as the pool needs: 0 on a mild tail, up to 0.5 on a steep one or for few samples, which is
    what teaches a classifier most. The report shows what other values would cover."""
    strategy: Literal["random", "closest"] = "random"
    """Which members of a cluster the methods take that share the target out over clusters: at random, or the closest
    to its centroid. `balanced` chooses its members itself."""
    semantic_duplicate_cosine: Similarity = None
    """The cosine of two embeddings at and above which one of the samples goes before the subset is chosen; off: none
    goes. What was chosen or stayed before stays; 0.995 is nearly the same, 0.95 much the same."""
    keep_labelled: bool = True
    """Labels that people gave stay in `labels` and in the release, also of samples that the subset lacks since it
    was chosen anew: `in_subset` is false there. Off: they leave until the subset has their samples again."""
    compare_with: tuple[Annotated[str, OneOf("A method.", _methods)], ...] = ("random", "flat_kmeans")
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
