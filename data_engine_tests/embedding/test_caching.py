"""What a killed run has embedded is not embedded again, nor is what another corpus has embedded."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from slopes import IDS, embedded_by

from data_engine.embedding import Encoder, embed_unique, load_encoder
from data_engine.embedding.caching import CHUNK
from data_engine.errors import InvalidInput

_KILLED_AT_THE_THIRD_CHUNK = """
import os, signal, sys
from pathlib import Path
from slopes import embedded_by
calls = []
def count(items):
    calls.append(items)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
embedded_by("first_corpus", Path(sys.argv[1]), count)
"""


def test_a_process_killed_at_its_third_chunk_loses_that_chunk_only(tmp_path: Path) -> None:
    code = f"import sys\nsys.path[:0] = {sys.path!r}\n{_KILLED_AT_THE_THIRD_CHUNK}"
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert child.returncode == -signal.SIGKILL
    computed: list[str] = []
    rows = embedded_by("first_corpus", tmp_path, computed.extend)
    assert computed == IDS[2 * CHUNK :]
    np.testing.assert_allclose(rows[:, 1] / rows[:, 0], range(len(IDS)), rtol=1e-5)


def test_another_corpus_computes_nothing_that_is_known(tmp_path: Path) -> None:
    computed: list[str] = []
    first = embedded_by("first_corpus", tmp_path, computed.extend)
    second = embedded_by("second_corpus", tmp_path, computed.extend)
    assert len(computed) == len(IDS)
    np.testing.assert_array_equal(first, second)


class _Memory:
    """A cache in memory that counts its chunks."""

    def __init__(self, dim: int) -> None:
        self.dim, self.rows, self.chunks = dim, dict[str, NDArray[np.float32]](), list[list[str]]()

    def get(self, sample_ids: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        known = np.array([i in self.rows for i in sample_ids])
        rows = [self.rows.get(i, np.zeros(self.dim, np.float32)) for i in sample_ids]
        return known, np.array(rows, dtype=np.float32).reshape(len(sample_ids), self.dim)

    def put(self, sample_ids: Sequence[str], embeddings: NDArray[np.float32]) -> None:
        self.chunks.append(list(sample_ids))
        self.rows.update(zip(sample_ids, embeddings, strict=True))


def test_known_contents_are_not_computed_again() -> None:
    encoder = load_encoder("hashed-ngrams")
    cache = _Memory(encoder.dim)
    first = embed_unique(["b", "a"], lambda p: [["two", "one"][i] for i in p], encoder, cache)
    again = embed_unique(["b", "a", "c"], lambda p: [["two", "one", "three"][i] for i in p], encoder, cache)
    assert (first.n_computed, again.n_computed) == (2, 1)
    np.testing.assert_array_equal(first.rows, again.rows[:2])
    assert cache.chunks == [["a", "b"], ["c"]]


def test_chunks_are_kept_one_by_one_so_that_a_killed_run_loses_at_most_one() -> None:
    encoder = load_encoder("hashed-ngrams")
    ids = [f"{i:06d}" for i in range(CHUNK + 5)]
    cache = _Memory(encoder.dim)

    def load(positions: Sequence[int]) -> list[str]:
        if cache.chunks:
            raise KeyboardInterrupt
        return [ids[i] for i in positions]

    with pytest.raises(KeyboardInterrupt):
        embed_unique(ids, load, encoder, cache)
    assert [len(chunk) for chunk in cache.chunks] == [CHUNK]
    assert embed_unique(ids, lambda p: [ids[i] for i in p], encoder, cache).n_computed == 5


def test_a_content_that_the_encoder_fails_on_is_named_and_its_neighbours_are_embedded() -> None:
    minilm = load_encoder("all-MiniLM-L6-v2")
    texts = ["one", "half a pair \ud800", "three"]
    cache, told = _Memory(minilm.dim), list[int]()
    found = embed_unique(["a", "b", "c"], lambda p: [texts[i] for i in p], minilm, cache, progress=told.append)
    assert (found.n_computed, list(found.failures), sum(told)) == (2, [1], 3)
    assert found.failures[1].startswith(("TypeError: ", "UnicodeEncodeError: "))
    assert np.isnan(found.rows).all(axis=1).tolist() == [False, True, False]
    assert cache.chunks == [["a", "c"]]


def test_values_that_are_not_finite_are_a_failure_and_never_kept() -> None:
    def embed(items: Sequence[str], advance: Callable[[int], object]) -> NDArray[np.float32]:
        advance(len(items))
        return np.array([[1, 0] if item == "good" else [np.nan, 1] for item in items], dtype=np.float32)

    cache, encoder = _Memory(2), Encoder(name="half", dim=2, version="half", _embed=embed)
    found = embed_unique(["a", "b"], lambda p: [["bad", "good"][i] for i in p], encoder, cache)
    assert found.failures == {0: "the encoder gave values that are not finite"}
    assert cache.chunks == [["b"]]


def test_an_id_that_comes_twice_is_refused() -> None:
    encoder = load_encoder("hashed-ngrams")
    with pytest.raises(InvalidInput, match=r"\['a'\] come more than once"):
        embed_unique(["a", "a"], lambda _p: [], encoder, _Memory(encoder.dim))


def test_vectors_that_go_elsewhere_are_the_same_and_none_is_returned() -> None:
    minilm = load_encoder("hashed-ngrams")
    ids, texts = ["b", "a", "c"], ["two words", "one", "three"]
    put: dict[int, NDArray[np.float32]] = {}

    class Rows:
        def put(self, rows: NDArray[np.int64], values: NDArray[np.float32]) -> None:
            put.update(zip(rows.tolist(), values, strict=True))

    cache = _Memory(minilm.dim)
    cache.put(["c"], minilm.encode(["three"]))
    found = embed_unique(ids, lambda p: [texts[i] for i in p], minilm, cache, into=Rows())
    at_once = embed_unique(ids, lambda p: [texts[i] for i in p], minilm, _Memory(minilm.dim))
    assert (found.n_computed, found.failures, len(found.rows)) == (2, {}, 0)
    np.testing.assert_array_equal([put[i] for i in range(3)], at_once.rows)
