"""The description of a corpus: its YAML file as frozen objects, one file per block.

The block `source` is in `data_engine.indexing.source`, which reads it.
"""

from data_engine.corpus.corpus import Corpus
from data_engine.corpus.deciders import DeciderSettings
from data_engine.corpus.drift import DriftAlarm
from data_engine.corpus.first_pass import FirstPass, JunkExamples, PageContent
from data_engine.corpus.labels import Labels
from data_engine.corpus.release import Release
from data_engine.corpus.review import Review, SimulatedAnnotator
from data_engine.corpus.subset import Subset
from data_engine.corpus.tree import Tree

__all__ = [
    "Corpus",
    "DeciderSettings",
    "DriftAlarm",
    "FirstPass",
    "JunkExamples",
    "Labels",
    "PageContent",
    "Release",
    "Review",
    "SimulatedAnnotator",
    "Subset",
    "Tree",
]
