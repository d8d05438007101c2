"""Releases: which labelled samples are frozen together, their data card, and the folder they are written to.

What a release stands on is pinned by `data_engine.storage`.
"""

from data_engine.releasing.data_card import data_card
from data_engine.releasing.integrity import damage_of_release, read_manifest, refuse_other_contents
from data_engine.releasing.rows import mask_personal, release_fingerprint, release_rows
from data_engine.releasing.writer import write_release

__all__ = [
    "damage_of_release",
    "data_card",
    "mask_personal",
    "read_manifest",
    "refuse_other_contents",
    "release_fingerprint",
    "release_rows",
    "write_release",
]
