"""The first pass: named rules and learned filters; one verdict with its reason for every raw sample.

Finding duplicates is in `data_engine.duplicates`.
"""

from data_engine.filtering.first_pass import FIRST_PASS_REASONS, first_pass, judge
from data_engine.filtering.learned.character_model import CharacterModel, fit_character_model
from data_engine.filtering.learned.filters import LearnedFilters
from data_engine.filtering.learned.junk import JunkClassifier, fit_junk_classifier
from data_engine.filtering.near_duplicates import Accepted
from data_engine.filtering.page_content.line_classifier import LineClassifier, fit_line_classifier
from data_engine.filtering.page_content.lines import marked_lines
from data_engine.filtering.raw_rows import RawRows
from data_engine.filtering.rules.measuring import limits_of
from data_engine.filtering.rules.media.image_look import LOOK_PX, ImageLook, look_at

__all__ = [
    "FIRST_PASS_REASONS",
    "LOOK_PX",
    "Accepted",
    "CharacterModel",
    "ImageLook",
    "JunkClassifier",
    "LearnedFilters",
    "LineClassifier",
    "RawRows",
    "first_pass",
    "fit_character_model",
    "fit_junk_classifier",
    "fit_line_classifier",
    "judge",
    "limits_of",
    "look_at",
    "marked_lines",
]
