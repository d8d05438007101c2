from pathlib import Path

import numpy as np
from written_steps import notes_runtime, write_step

from data_engine.runtime.embeddings import encoder_of
from data_engine.runtime.step_run import execute
from data_engine.storage import float_rows


def test_every_kept_content_is_embedded_once_and_the_second_time_taken_from_the_cache(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    texts = {"a": "bread and dough", "b": "sail the boat", "c": "tiny"}
    ids = {name: name * 32 for name in texts}
    raw = [{"sample_id": ids[name], "uri": name, "text": text} for name, text in texts.items()]
    write_step(runtime.store(), "raw_index", raw, "may")
    kept, rejected = {"verdict": "kept", "reason": "kept"}, {"verdict": "rejected", "reason": "too_short"}
    verdicts = {"a": kept, "b": kept, "c": rejected}
    judged = [{"sample_id": ids[name], "uri": name, **verdict} for name, verdict in verdicts.items()]
    write_step(runtime.store(), "first_pass", judged, "may")
    _, first = execute(runtime, "embeddings", "may", run_id="run")
    assert sorted(first.table["sample_id"].to_pylist()) == [ids["a"], ids["b"]]
    rows = float_rows(first.table["embedding"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    counts = ("computed now", "from the cache", "failed")
    assert [first.metadata[name] for name in counts] == [2, 0, 0]
    _, again = execute(runtime, "embeddings", "may", run_id="run")
    assert [again.metadata[name] for name in counts] == [0, 2, 0]
    assert again.data_version == first.data_version


def test_an_encoder_is_loaded_once() -> None:
    assert encoder_of("hashed-ngrams") is encoder_of("hashed-ngrams")
