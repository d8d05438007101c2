"""The first pass: cheap filters, duplicates and junk; one verdict with its reason for every raw sample."""

from data_engine.filtering.first_pass import FIRST_PASS_REASONS, first_pass
from data_engine.filtering.junk import JunkClassifier, fit_junk_classifier
from data_engine.filtering.semantic_duplicates import SemanticPairs, SemanticTwins, semantic_pairs, semantic_twins

__all__ = [
    "FIRST_PASS_REASONS",
    "JunkClassifier",
    "SemanticPairs",
    "SemanticTwins",
    "first_pass",
    "fit_junk_classifier",
    "semantic_pairs",
    "semantic_twins",
]
