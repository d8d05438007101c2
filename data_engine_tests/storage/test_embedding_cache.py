import errno
import logging
import os
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.storage import EmbeddingCache, TableStore, atomic_files
from data_engine.storage.embedding_cache import forget_embeddings

TWO = np.array([[1, 0, 0], [0, 0.5, 0.25]], dtype=np.float32)


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path, "all-MiniLM-L6-v2@1f/2a", 3)


@pytest.fixture
def any_cache(anywhere):
    return EmbeddingCache(anywhere, "all-MiniLM-L6-v2@1f/2a", 3)


def _files(cache):
    return sorted(cache.folder.glob("*.parquet"))


def test_an_empty_cache_knows_nothing(cache):
    known, vectors = cache.get(["a", "b"])

    assert known.tolist() == [False, False]
    assert vectors.shape == (2, 3)
    assert np.isnan(vectors).all()
    assert cache.get([])[1].shape == (0, 3)


def test_known_ids_come_back_where_they_were_asked_and_the_rest_is_nan(any_cache):
    any_cache.put(["b", "a"], TWO)

    known, vectors = any_cache.get(["x", "a", "b", "a"])

    assert known.tolist() == [False, True, True, True]
    assert vectors.dtype == np.float32
    assert vectors[1:].tolist() == [[0, 0.5, 0.25], [1, 0, 0], [0, 0.5, 0.25]]
    assert np.isnan(vectors[0]).all()


def test_chunks_add_up_and_another_process_sees_them(any_cache, anywhere):
    other = EmbeddingCache(anywhere, any_cache.encoder_version, 3)
    any_cache.put(["a", "z"], TWO)
    assert other.get(["a", "m"])[0].tolist() == [True, False]

    any_cache.put(["m"], TWO[:1])

    assert other.get(["a", "m", "z"])[0].tolist() == [True, True, True]
    assert len(_files(any_cache)) == 2


def test_the_same_chunk_twice_is_one_file(any_cache):
    any_cache.put(["a", "b"], TWO)
    any_cache.put(["b", "a"], TWO[::-1])

    assert len(_files(any_cache)) == 1


def test_encoders_do_not_see_each_others_vectors(cache, tmp_path):
    cache.put(["a", "b"], TWO)

    assert not EmbeddingCache(tmp_path, "another", 3).get(["a"])[0].any()
    assert not EmbeddingCache(tmp_path, cache.encoder_version, 4).get(["a"])[0].any()
    assert not EmbeddingCache(tmp_path, "all-MiniLM-L6-v2@1f-2a", 3).get(["a"])[0].any()


def test_corpora_share_the_vectors(tmp_path):
    TableStore(tmp_path, "one").embedding_cache("e", 3).put(["a", "b"], TWO)

    assert TableStore(tmp_path, "other").embedding_cache("e", 3).get(["b"])[1].tolist() == [[0, 0.5, 0.25]]


@pytest.mark.parametrize("damage", ["cut short", "empty", "a flipped bit in the vectors"])
def test_a_damaged_file_is_ignored_with_a_warning_and_healed_by_the_next_put(cache, tmp_path, caplog, damage):
    cache.put(["a", "b"], TWO)
    (path,) = _files(cache)
    content = path.read_bytes()
    place = content.index(TWO.tobytes())
    path.write_bytes(
        {
            "cut short": content[:-20],
            "empty": b"",
            "a flipped bit in the vectors": content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
        }[damage]
    )
    later = EmbeddingCache(tmp_path, cache.encoder_version, 3)

    with caplog.at_level(logging.WARNING):
        assert later.get(["a", "b"])[0].tolist() == [False, False]
    assert f"the embeddings in {path} are damaged and will be computed again" in caplog.text
    later.put(["a", "b"], TWO)

    assert EmbeddingCache(tmp_path, cache.encoder_version, 3).get(["a", "b"])[1].tolist() == TWO.tolist()


def test_a_killed_write_leaves_a_file_that_nobody_reads_and_a_sweep_removes(cache):
    cache.put(["a", "b"], TWO)
    half = cache.folder / ".abc.parquet.0123.tmp"
    half.write_bytes(b"PAR1")

    assert cache.get(["a"])[0].all()
    written = datetime.fromtimestamp(half.stat().st_mtime, UTC)
    assert cache.sweep(now=written) == []
    os.utime(half, (0, 0))
    assert cache.sweep(now=written) == [half]
    assert cache.get(["a"])[0].all()


def test_a_full_disk_is_an_error_and_leaves_no_file(cache, monkeypatch):
    def full(_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_files, "flush", full)
    with pytest.raises(
        StorageError, match=r"keeping 2 embeddings failed at .*the disk is full .*the cache is as it was"
    ):
        cache.put(["a", "b"], TWO)
    assert list(cache.folder.iterdir()) == []


def test_what_is_no_embedding_is_refused(cache, tmp_path):
    with pytest.raises(InvalidInput, match=r"embeddings have shape \(2, 3\) for 1 ids and an encoder of 3"):
        cache.put(["a"], TWO)
    with pytest.raises(InvalidInput, match="1 of 2 sample ids are repeats"):
        cache.put(["a", "a"], TWO)
    with pytest.raises(InvalidInput, match=r"1 of 2 embeddings are not finite \(rows \[1\]\)"):
        cache.put(["a", "b"], np.array([[1, 0, 0], [np.nan, 0, 0]], dtype=np.float32))
    with pytest.raises(InvalidInput, match="dim is 0"):
        EmbeddingCache(tmp_path, "e", 0)
    cache.put([], np.empty((0, 3), dtype=np.float32))
    assert not cache.folder.exists()


def test_vectors_that_are_taken_out_leave_the_others_and_a_damaged_file_stays(anywhere):
    cache = EmbeddingCache(anywhere, "encoder-1", 2)
    cache.put(["a", "b", "c"], np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    cache.put(["d"], np.array([[7, 8]], np.float32))
    damaged = cache.folder / "damaged.parquet"
    damaged.write_bytes(b"PAR1")
    assert forget_embeddings(anywhere, pa.array(["b", "d", "x", "b"])) == 2
    known, vectors = EmbeddingCache(anywhere, "encoder-1", 2).get(["a", "b", "c", "d"])
    assert known.tolist() == [True, False, True, False]
    assert vectors[known].tolist() == [[1, 2], [5, 6]]
    assert damaged.exists()
    assert len(list(cache.folder.iterdir())) == 2


def test_a_file_that_was_read_is_opened_again_only_for_ids_that_it_has(cache, tmp_path, monkeypatch):
    cache.put(["a", "z"], TWO)
    cache.put(["b", "y"], TWO)
    opened = []
    read = pq.read_table
    monkeypatch.setattr(pq, "read_table", lambda path, **how: opened.append(path) or read(path, **how))
    assert cache.get(["m"])[0].tolist() == [False]
    assert len(opened) == 2

    another = EmbeddingCache(tmp_path, cache.encoder_version, 3)
    assert another.get(["n", "o"])[0].tolist() == [False, False]
    assert len(opened) == 2
    assert another.get(["b", "n"])[0].tolist() == [True, False]
    assert len(set(opened[2:])) == 1
