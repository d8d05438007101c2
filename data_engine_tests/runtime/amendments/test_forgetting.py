"""Batches that are taken out: their rows leave every table, and what is told of samples that left, came and moved."""

from pathlib import Path

import pyarrow as pa
import pytest
from written_steps import notes_runtime, take_in

from data_engine.errors import InvalidInput
from data_engine.runtime.amendments.forgetting import (
    KeptSamples,
    batches_taken_in,
    forget_batches,
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
