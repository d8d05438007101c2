"""Encoders: unit rows in the order of the items, whatever the batching; and only unknown contents are embedded."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.embedding import Encoder, embed_unique, load_encoder
from data_engine.embedding.caching import CHUNK
from data_engine.embedding.sentence_transformers import token_batches
from data_engine.errors import InvalidInput, SourceMissing


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder("all-MiniLM-L6-v2")


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


@pytest.mark.parametrize("name", ["hashed-ngrams", "all-MiniLM-L6-v2"])
def test_rows_have_norm_1_and_the_order_of_the_items(name: str) -> None:
    encoder = load_encoder(name)
    texts = ["a long text about licences " * 20, "short", "the MIT License", ""]
    rows = encoder.encode(texts)
    assert rows.shape == (4, encoder.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(texts[1:2])[0], rows[1], atol=0.02)


def test_texts_of_the_same_meaning_are_nearer(minilm: Encoder) -> None:
    mit, also_mit, cooking = minilm.encode(["MIT License", "licensed under the MIT licence", "boil the potatoes"])
    assert mit @ also_mit > 0.6 > 0.3 > mit @ cooking


def test_no_items_give_no_rows() -> None:
    encoder = load_encoder("hashed-ngrams")
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_an_item_that_is_no_text_is_named() -> None:
    with pytest.raises(InvalidInput, match="item 1 is a int"):
        load_encoder("hashed-ngrams").encode(["a", 2])  # type: ignore[list-item]


def test_an_unknown_encoder_is_an_error_with_a_remedy() -> None:
    with pytest.raises(SourceMissing, match="give a path, or install one of"):
        load_encoder("no/such-encoder")


def test_batches_stay_within_the_token_budget_and_cover_everything() -> None:
    batches = list(token_batches([3, 10, 1, 5, 20], budget=10))
    assert batches == [[4], [1], [3, 0], [2]]


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


def test_a_content_that_the_encoder_fails_on_is_named_and_its_neighbours_are_embedded(minilm: Encoder) -> None:
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
