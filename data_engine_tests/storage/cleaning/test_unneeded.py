import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from schema_tables import table

from data_engine.storage import EmbeddingCache, TableStore
from data_engine.storage.cleaning.unneeded import (
    clean_corpus,
    clean_embeddings,
    unneeded_embeddings,
    unneeded_of_corpus,
)


@pytest.fixture
def soon():
    """The time in ten days, at which all files of now are old."""
    return datetime.now(UTC) + timedelta(days=10)


def _write(store, verdicts, ids):
    store.write("first_pass", verdicts("p", list(ids)), partition={"batch": "p"}, run_id="r", code_version="1")


def test_an_orphan_and_a_leftover_are_told_then_deleted_and_the_rows_stay(store, verdicts, soon):
    _write(store, verdicts, "ab")
    orphan = store.path("first_pass") / "batch=p" / f"part-00000-{'0' * 32}-{'0' * 16}.parquet"
    half = store.folder / "releases" / f".r1.{'0' * 32}.tmp"
    half.mkdir(parents=True)
    for path in (orphan, half / "data.parquet"):
        path.write_bytes(b"x" * 100)
    for path in (orphan, half / "data.parquet", half):
        os.utime(path, (0, 0))

    found = {each.what: each for each in unneeded_of_corpus(store, now=soon)}

    assert found["half-written by killed processes"].paths == (half,)
    assert found["Parquet files of old versions, or of none"].paths == (orphan,)
    assert {each.n_bytes for each in found.values()} == {100}
    assert orphan.exists()
    assert half.exists()
    assert clean_corpus(store, now=soon) == 2
    assert (orphan.exists(), half.exists()) == (False, False)
    assert unneeded_of_corpus(store, now=soon) == []
    assert store.read("first_pass")["sample_id"].to_pylist() == ["a", "b"]


def test_an_orphan_of_today_may_be_of_a_run_at_work_and_stays(store, verdicts):
    _write(store, verdicts, "ab")
    (store.path("first_pass") / "batch=p" / f"part-00000-{'0' * 32}-{'0' * 16}.parquet").write_bytes(b"x")
    assert unneeded_of_corpus(store, now=datetime.now(UTC)) == []


def test_embeddings_that_no_corpus_needs_go_after_a_week(tmp_path, soon):
    stores = [TableStore(tmp_path, name) for name in ("shop", "farm")]
    for store, sample_id in zip(stores, ("0" * 32, "1" * 32), strict=True):
        rows = table("raw_index", [{"sample_id": sample_id, "batch": "p", "uri": "a"}])
        store.write("raw_index", rows, partition={"batch": "p"}, run_id="r", code_version="1")
    cache = EmbeddingCache(tmp_path, "encoder", 4)
    for sample_id in ("0" * 32, "1" * 32, "2" * 32):
        cache.put([sample_id], np.ones((1, 4), np.float32))

    assert unneeded_embeddings(stores, now=datetime.now(UTC)) == []
    found = unneeded_embeddings(stores, now=soon)
    assert [(each.what, len(each.paths)) for each in found] == [("embeddings of contents that no corpus has", 1)]
    assert clean_embeddings(found) == 1
    known, _ = EmbeddingCache(tmp_path, "encoder", 4).get(["0" * 32, "1" * 32, "2" * 32])
    assert known.tolist() == [True, True, False]
