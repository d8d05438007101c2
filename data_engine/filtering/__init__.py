"""The first pass: cheap filters, duplicates and junk; one verdict with its reason for every raw sample."""

from data_engine.filtering.first_pass import FIRST_PASS_REASONS, first_pass
from data_engine.filtering.junk import JunkClassifier, fit_junk_classifier

__all__ = ["FIRST_PASS_REASONS", "JunkClassifier", "first_pass", "fit_junk_classifier"]
