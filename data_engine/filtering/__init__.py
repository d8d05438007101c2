"""The first pass: cheap filters, duplicates and junk; one verdict with its reason for every raw sample."""

from data_engine.filtering.bands import band_keys, bands_and_rows
from data_engine.filtering.characters import CharacterModel, fit_character_model
from data_engine.filtering.first_pass import FIRST_PASS_REASONS, first_pass
from data_engine.filtering.junk import JunkClassifier, fit_junk_classifier
from data_engine.filtering.picture_duplicates import hashes_of, stacked
from data_engine.filtering.picture_keys import keys_of, rows_near
from data_engine.filtering.picture_looks import LOOK_PX, PictureLook, look_at
from data_engine.filtering.semantic_duplicates import (
    SemanticPairs,
    SemanticTwins,
    semantic_duplicates,
    semantic_pairs,
    semantic_twins,
)
from data_engine.filtering.sketches import Sketches

__all__ = [
    "FIRST_PASS_REASONS",
    "LOOK_PX",
    "CharacterModel",
    "JunkClassifier",
    "PictureLook",
    "SemanticPairs",
    "SemanticTwins",
    "Sketches",
    "band_keys",
    "bands_and_rows",
    "first_pass",
    "fit_character_model",
    "fit_junk_classifier",
    "hashes_of",
    "keys_of",
    "look_at",
    "rows_near",
    "semantic_duplicates",
    "semantic_pairs",
    "semantic_twins",
    "stacked",
]
