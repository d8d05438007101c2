"""Where data is: Delta tables, marts, embeddings by content, artefacts and pins; only here are the paths of tables.

A release is written by `data_engine.releasing` into the folder that it is given.
"""

from data_engine.storage.accepted_index import Segment, SketchIndex, ids_as_numbers
from data_engine.storage.embedding_cache import EmbeddingCache
from data_engine.storage.embedding_rows import float_rows, read_embeddings, read_samples, read_some_embeddings
from data_engine.storage.retention import Vacuumed, pin, pinned_versions, pins, vacuum
from data_engine.storage.row_fingerprint import data_version
from data_engine.storage.schema_check import conform
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.table_store import CommittedVersion, Opened, TableStore, Written

__all__ = [
    "CommittedVersion",
    "EmbeddingCache",
    "Opened",
    "Segment",
    "SketchIndex",
    "TableStore",
    "Vacuumed",
    "Written",
    "conform",
    "data_version",
    "float_rows",
    "ids_as_numbers",
    "pin",
    "pinned_versions",
    "pins",
    "read_embeddings",
    "read_samples",
    "read_some_embeddings",
    "storage_errors",
    "vacuum",
]
