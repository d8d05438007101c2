import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_engine.storage import EmbeddingCache
from data_engine.storage.integrity.embedding_files import damage_of, embedding_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    vectors = np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32)
    EmbeddingCache(tmp_path, "e-1", 8).put([f"{n:032x}" for n in range(20)], vectors)
    (path,) = embedding_files(tmp_path)
    return path


def test_a_file_that_holds_what_its_name_says_is_whole(file: Path) -> None:
    assert damage_of(file) == ""


@pytest.mark.parametrize("seed", range(8))
def test_one_bit_of_the_embeddings_is_found(file: Path, seed: int) -> None:
    content = bytearray(file.read_bytes())
    content[random.Random(seed).randrange(4, len(content) // 2)] ^= 4
    file.write_bytes(bytes(content))
    assert damage_of(file)


def test_another_table_under_the_name_is_found(file: Path) -> None:
    rows = pq.read_table(file)
    pq.write_table(rows.slice(1), file)
    assert damage_of(file) == "its embeddings are not those that its name is the hash of"
    pq.write_table(rows.replace_schema_metadata({b"first_sample_id": b"x", b"last_sample_id": b"y"}), file)
    assert damage_of(file) == "names other samples in its footer than it holds"
    pq.write_table(pa.table({"a": [1]}), file)
    assert damage_of(file).startswith("cannot be read")
