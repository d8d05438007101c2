"""Releases: which labelled samples are frozen together, their data card, and the folder they are written to.

What a release stands on is pinned by `data_engine.storage`.
"""

from data_engine.releasing.data_card import data_card
from data_engine.releasing.declared_facts import changes_of_facts, declared_facts
from data_engine.releasing.exporting import export_release, lines_to_load
from data_engine.releasing.ground_groups import ground_boxes, ground_groups, ground_said
from data_engine.releasing.integrity import damage_of_release, read_manifest, refuse_other_contents
from data_engine.releasing.question_rows import QuestionLabels, labelled_samples, questions_of, rows_of_question
from data_engine.releasing.rows import (
    identified,
    mask_personal,
    release_fingerprint,
    release_rows,
    rows_of_questions,
    unlabelled_rows,
)
from data_engine.releasing.split_card import splits_said
from data_engine.releasing.splits import groups_of, groups_of_files, leaks_between, splits_of, with_splits
from data_engine.releasing.writer import write_release

__all__ = [
    "QuestionLabels",
    "changes_of_facts",
    "damage_of_release",
    "data_card",
    "declared_facts",
    "export_release",
    "ground_boxes",
    "ground_groups",
    "ground_said",
    "groups_of",
    "groups_of_files",
    "identified",
    "labelled_samples",
    "leaks_between",
    "lines_to_load",
    "mask_personal",
    "questions_of",
    "read_manifest",
    "refuse_other_contents",
    "release_fingerprint",
    "release_rows",
    "rows_of_question",
    "rows_of_questions",
    "splits_of",
    "splits_said",
    "unlabelled_rows",
    "with_splits",
    "write_release",
]
