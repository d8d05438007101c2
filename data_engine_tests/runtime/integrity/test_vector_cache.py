from pathlib import Path

import numpy as np
from written_steps import notes_runtime, write_step

from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.vector_cache import check_embedding_cache


def test_cached_vectors_are_those_of_the_rows_of_the_same_encoder(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    one, other = np.array([[1, 0]], np.float32), np.array([[0, 1]], np.float32)
    row = {"sample_id": "a", "encoder_version": "e1", "dim": 2, "embedding": one.tobytes()}
    write_step(store, "embeddings", [row], "may")
    store.embedding_cache("e1", 2).put(["a"], one)
    store.embedding_cache("e1", 2).put(["c"], other)
    store.embedding_cache("e2", 2).put(["a"], other)
    assert list(check_embedding_cache(CheckedCorpus(runtime))) == []
    store.embedding_cache("e1", 2).put(["a", "b"], np.concatenate([other, one]))
    (finding,) = check_embedding_cache(CheckedCorpus(runtime))
    assert finding.what.startswith("1 of its embeddings are not those of the rows of the same samples")
    assert finding.remedy.startswith("rm ")
