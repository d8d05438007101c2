"""Batches that are taken out: their rows leave every table, and what is told of samples that left, came and moved."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from written_steps import notes_runtime, take_in

from data_engine.errors import InvalidInput
from data_engine.runtime.amendments.forgetting import (
    KeptSamples,
    batches_taken_in,
    contents_of,
    forget_batches,
    forget_vectors,
    kept_samples,
)
from data_engine.runtime.versions import step_versions


def _kept(**batches: str) -> KeptSamples:
    rows = [(sample, batch) for batch, samples in batches.items() for sample in samples]
    return KeptSamples(pa.table({"sample_id": [row[0] for row in rows], "batch": [row[1] for row in rows]}))


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"may": "abc"}, {"may": "abc"}, ""),
        ({"may": "abc"}, {"june": "abc"}, "3 moved to another batch and keep their ids, answers and labels"),
        ({"may": "ab", "june": "c"}, {"may": "b", "june": "c"}, "1 sample left"),
        (
            {"may": "ab"},
            {"may": "ac", "june": "d"},
            "1 sample left, 1 of them with answers, which are kept and count again when they come back; 2 came",
        ),
    ],
)
def test_what_became_of_samples_is_counted(before: dict[str, str], now: dict[str, str], said: str) -> None:
    answered = pa.array(["b"] if "d" in str(now) else [], pa.string())
    assert _kept(**before).sentence_until(_kept(**now), answered) == said


def test_a_batch_leaves_every_table_and_the_others_stay(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for batch, names in (("may", "ab"), ("june", "c")):
        take_in(runtime, batch, [{"sample_id": name, "text": name} for name in names])
    assert batches_taken_in(runtime) == {"may": 2, "june": 1}
    assert sorted(kept_samples(runtime).table["sample_id"].to_pylist()) == ["a", "b", "c"]
    forget_batches(runtime, ["may"], run_id="a test")
    store = runtime.store()
    for table in ("raw_index", "first_pass", "embeddings"):
        assert store.read(table, columns=["batch"])["batch"].to_pylist() == ["june"]
    assert {batch for _, batch in step_versions(store)} == {"june"}
    assert set(store.read("check_results", columns=["batch"])["batch"].to_pylist()) == {"june"}
    assert kept_samples(runtime).table["sample_id"].to_pylist() == ["c"]
    with pytest.raises(InvalidInput, match="the corpus has no batch 'may'; it has june"):
        forget_batches(runtime, ["may"], run_id="a test")


def test_cached_vectors_go_of_contents_that_no_corpus_of_the_data_folder_has_any_more(tmp_path: Path) -> None:
    notes, letters = notes_runtime(tmp_path), notes_runtime(tmp_path, name="letters")
    take_in(notes, "may", [{"sample_id": name, "text": name} for name in "abc"])
    take_in(notes, "june", [{"sample_id": "c2", "text": "c"}])
    take_in(letters, "all", [{"sample_id": "b", "text": "b"}])
    caches = [notes.store().embedding_cache(version, 2) for version in ("one", "two")]
    for cache in caches:
        cache.put(["a", "b", "c", "c2"], np.arange(8, dtype=np.float32).reshape(4, 2))
        cache.put(["a+crop", "b+crop"], np.ones((2, 2), dtype=np.float32))
    gone = contents_of(notes, ["may"])
    assert sorted(gone.to_pylist()) == ["a", "b", "c"]
    forget_batches(notes, ["may"], run_id="a test")
    assert forget_vectors(notes, gone) == 6
    for cache in (notes.store().embedding_cache(version, 2) for version in ("one", "two")):
        known, vectors = cache.get(["a", "b", "c", "c2"])
        assert known.tolist() == [False, True, False, True]
        assert vectors[known].tolist() == [[2.0, 3.0], [6.0, 7.0]]
        assert cache.get(["a+crop", "b+crop"])[0].tolist() == [False, True]
    assert forget_vectors(notes, gone) == 0
