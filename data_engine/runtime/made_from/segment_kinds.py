"""What the index of accepted samples holds of a corpus: the kind of its segments, and what they are called.

Reading and writing them is in `runtime/accepted_samples.py`; the kinds are in `data_engine.filtering.near_search`.
"""

from typing import TYPE_CHECKING

from data_engine.corpus import Corpus
from data_engine.modalities import load
from data_engine.runtime.versions import StepVersion

if TYPE_CHECKING:
    from data_engine.duplicates.segment_kind import SegmentKind
    from data_engine.filtering.near_search import NearSearch


def near_search(corpus: Corpus) -> "NearSearch":
    """How near-duplicates of a corpus are found."""
    found: NearSearch = load(corpus.samples.near_duplicates)
    return found


def segment_kind(corpus: Corpus) -> "SegmentKind":
    """What the index holds of a corpus, with the settings of now."""
    return near_search(corpus).kind(corpus.first_pass.similarity_of(corpus.modality))


def name_of(kind: "SegmentKind", version: StepVersion) -> str:
    """What the index calls the segment of a batch whose first pass wrote this version."""
    return kind.name_of(version.data_version, version.table_version)


def segment_name(corpus: Corpus, version: StepVersion) -> str:
    """What the index calls the segment of a batch whose first pass wrote this version, with the settings of now."""
    return name_of(segment_kind(corpus), version)
