"""Releases: which labelled samples are frozen together, their data card, and the folder they are written to.

What a release stands on is pinned by `data_engine.storage`.
"""

from data_engine.releasing.data_card import data_card
from data_engine.releasing.integrity import damage_of_release, read_manifest, refuse_other_contents
from data_engine.releasing.question_rows import QuestionLabels, labelled_samples, questions_of, rows_of_question
from data_engine.releasing.rows import (
    mask_personal,
    release_fingerprint,
    release_rows,
    rows_of_questions,
    unlabelled_rows,
)
from data_engine.releasing.writer import write_release

__all__ = [
    "QuestionLabels",
    "damage_of_release",
    "data_card",
    "labelled_samples",
    "mask_personal",
    "questions_of",
    "read_manifest",
    "refuse_other_contents",
    "release_fingerprint",
    "release_rows",
    "rows_of_question",
    "rows_of_questions",
    "unlabelled_rows",
    "write_release",
]
