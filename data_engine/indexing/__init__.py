"""Reading a corpus' source into the raw index: one row per raw sample, readable or not.

Nothing here judges content; a sample that cannot be read comes back as a row that says why.
"""

from data_engine.indexing.batch_reader import read_batch, read_in_order
from data_engine.indexing.listing.batches import fingerprint, list_batches
from data_engine.indexing.media_reader import Contents
from data_engine.indexing.samples import sample_id_of_text
from data_engine.indexing.source_files import SourceFile, open_file

__all__ = [
    "Contents",
    "SourceFile",
    "fingerprint",
    "list_batches",
    "open_file",
    "read_batch",
    "read_in_order",
    "sample_id_of_text",
]
