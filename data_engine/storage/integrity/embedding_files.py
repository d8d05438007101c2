"""The search for damage in the embedding cache: the name of each of its files is the hash of what it holds.

The cache itself is in `storage/embedding_cache.py`.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash

from data_engine.places.object_store import arrow_filesystem
from data_engine.places.place import place
from data_engine.storage.storage_errors import first_line

_FIRST, _LAST = b"first_sample_id", b"last_sample_id"


def embedding_files(root: Path) -> list[Path]:
    """Every file of the cache below the data folder of all corpora, sorted."""
    return sorted((place(root) / "_embeddings").glob("*/[!.]*.parquet"))


def damage_of(path: Path) -> str:
    """What is wrong with a file of the cache; empty where it holds what its name says."""
    import pyarrow.parquet as pq

    try:
        folder = arrow_filesystem(path.parent)
        table = pq.read_table(path.name, filesystem=folder, page_checksum_verification=True)
        ids = table["sample_id"].to_pylist()
        values = table["embedding"].combine_chunks()
        width = values.type.byte_width
        start = values.offset * width
        flat = np.frombuffer(values.buffers()[1], np.uint8)[start : start + len(values) * width]
        known = table.schema.metadata or {}
    except (OSError, ValueError, KeyError, AttributeError, IndexError, pa.ArrowException) as error:
        return f"cannot be read ({first_line(error)})"
    digest = xxhash.xxh3_128("\0".join(ids).encode())
    digest.update(flat.tobytes())
    if digest.hexdigest() != path.stem:
        return "its embeddings are not those that its name is the hash of"
    ends = {_FIRST: ids[0].encode(), _LAST: ids[-1].encode()}
    return "" if known.items() >= ends.items() else "names other samples in its footer than it holds"
