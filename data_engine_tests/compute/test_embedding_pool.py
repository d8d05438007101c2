"""Workers fill the cache with what the step alone would have put there, file by file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_engine.compute import embedding_pool
from data_engine.compute.choice import Chosen, Compute
from data_engine.compute.embedding_pool import EmbeddingWork, EncoderWorker, embed_on, fill_cache
from data_engine.compute.engines import LocalEngine
from data_engine.embedding import embed_unique, load_encoder
from data_engine.errors import InvalidInput
from data_engine.storage.embedding_cache import EmbeddingCache

ENCODER = load_encoder("hashed-ngrams/16")
IDS = [f"{n * 7919 % 30011:08x}" for n in range(25)]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_engine.embedding.caching.CHUNK", 4)
    monkeypatch.setattr(embedding_pool, "CHUNK", 4)


def work_in(folder: Path) -> EmbeddingWork:
    def load(places: list[int]) -> list[str]:
        return [f"text number {IDS[i]}" for i in places]

    return EmbeddingWork(IDS, load, ENCODER, EmbeddingCache(folder, ENCODER.version, ENCODER.dim))


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


def test_the_cache_has_the_files_of_a_step_that_was_alone(tmp_path: Path) -> None:
    alone, shared = work_in(tmp_path / "alone"), work_in(tmp_path / "shared")
    embed_unique(IDS, alone.load, ENCODER, alone.cache)
    chunks = embedding_pool._unknown_chunks(shared)
    assert embed_on(LocalEngine(3), shared, chunks) == 25
    assert files_in(tmp_path / "shared") == files_in(tmp_path / "alone")
    assert embedding_pool._unknown_chunks(shared) == []
    assert embed_unique(IDS, shared.load, ENCODER, shared.cache).n_computed == 0


def test_a_chunk_that_is_half_known_is_embedded_as_a_broken_off_run_would(tmp_path: Path) -> None:
    alone, shared = work_in(tmp_path / "alone"), work_in(tmp_path / "shared")
    for work in (alone, shared):
        work.cache.put(sorted(IDS)[:2], ENCODER.encode(["one", "two"]))
    embed_unique(IDS, alone.load, ENCODER, alone.cache)
    assert embed_on(LocalEngine(2), shared, embedding_pool._unknown_chunks(shared)) == 23
    assert files_in(tmp_path / "shared") == files_in(tmp_path / "alone")


def test_the_first_chunk_is_embedded_here_and_tells_how_long_the_others_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext

    asked = []

    def choose(choice: Compute, what: str, minutes: float) -> object:
        asked.append((what, minutes >= 0))
        return nullcontext(Chosen(LocalEngine(2), "three nodes"))

    monkeypatch.setattr(embedding_pool, "chosen_engine", choose)
    assert fill_cache(work_in(tmp_path), Compute(engine="ray")) == "three nodes; 21 embedded there"
    assert asked == [("embedding 6 more chunks of 4", True)]
    assert fill_cache(work_in(tmp_path), Compute(engine="ray")) == "local: every content is known"
    one = replace(work_in(tmp_path / "one"), sample_ids=IDS[:4])
    assert fill_cache(one, Compute(engine="ray")) == "local: there was one chunk to embed"


def test_with_the_local_engine_nothing_is_done_before_the_step(tmp_path: Path) -> None:
    assert fill_cache(work_in(tmp_path), Compute()) == "local"
    assert files_in(tmp_path) == {}


def test_an_encoder_of_another_version_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"this node computes hashed-ngrams.* but the run asks for x-bfloat16"):
        EncoderWorker("hashed-ngrams/16", "x-bfloat16", EmbeddingCache(Path(), "x", 16))


def test_a_cache_that_only_the_worker_sees_is_an_error(tmp_path: Path) -> None:
    class Elsewhere:
        n_workers, shown = 1, "elsewhere"

        def workers(self, kind: object, each: object) -> object:
            cache = EmbeddingCache(tmp_path / "elsewhere", ENCODER.version, ENCODER.dim)
            return LocalEngine().workers(EncoderWorker, [("hashed-ngrams/16", ENCODER.version, cache)])

    here = work_in(tmp_path / "here")
    with pytest.raises(InvalidInput, match="a cache that this host does not see"):
        embed_on(Elsewhere(), here, [np.arange(4)])
