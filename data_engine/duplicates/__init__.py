"""Duplicates: near-duplicate texts and images, and samples with nearly the same embedding.

Exact copies need nothing from here: a sample's id is the hash of its content.
"""

from data_engine.duplicates.semantic import (
    SemanticPairs,
    SemanticTwins,
    semantic_duplicates,
    semantic_pairs,
    semantic_twins,
)

__all__ = ["SemanticPairs", "SemanticTwins", "semantic_duplicates", "semantic_pairs", "semantic_twins"]
