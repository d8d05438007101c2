from pathlib import Path

import numpy as np
import pytest
from flipped_bits import flip_a_bit
from written_steps import notes_runtime, write_step

from data_engine.runtime.integrity.accepted_segments import check_accepted_samples
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.made_from.segment_kinds import segment_name
from data_engine.storage import Segment, merged_segments
from data_engine.storage.merged_segments import accepted_segments


def test_a_segment_holds_what_first_pass_keeps_of_its_batch(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store, kept, other = runtime.store(), "a" * 32, "b" * 32
    rows = [
        {"sample_id": key, "uri": key, "verdict": verdict} for key, verdict in ((kept, "kept"), (other, "rejected"))
    ]
    name = segment_name(runtime.corpus, write_step(store, "first_pass", rows, "may"))

    def write(batch: str, ids: list[str]) -> None:
        nothing = np.zeros((1, 0), np.uint64), np.zeros(0, np.int64)
        sketches = np.zeros((len(ids), 4), np.uint8)
        store.sketch_index().write(batch, name, sample_ids=ids, sketches=sketches, keys=nothing[0], rows=nothing[1])

    write("may", [kept])
    assert list(check_accepted_samples(CheckedCorpus(runtime))) == []
    write("may", [kept, other])
    write("june", [kept])
    found = {finding.what: finding.severity for finding in check_accepted_samples(CheckedCorpus(runtime))}
    assert found == {
        "holds other samples than first_pass keeps of may; it is made anew when it is needed": "error",
        "is of a batch that the corpus does not have": "note",
    }
    for path in store.sketch_index().folder.iterdir():
        path.write_bytes(b"x")
    assert [finding.severity for finding in check_accepted_samples(CheckedCorpus(runtime))] == ["error", "error"]


def test_a_merged_segment_holds_what_first_pass_keeps_of_every_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_segments, "FEW_SEGMENTS", 1)
    runtime = notes_runtime(tmp_path)
    store, kept = runtime.store(), {"may": "a" * 32, "june": "b" * 32}
    names = {}
    for batch, sample_id in kept.items():
        rows = [{"sample_id": sample_id, "uri": sample_id, "verdict": "kept"}]
        names[batch] = segment_name(runtime.corpus, write_step(store, "first_pass", rows, batch))

    def merge(ids: dict[str, str]) -> None:
        nothing = np.zeros((1, 0), np.uint64), np.zeros(0, np.int64)

        def of_batch(batch: str) -> Segment:
            sketches = np.zeros((1, 4), np.uint8)
            return store.sketch_index().write(
                batch, names[batch], sample_ids=[ids[batch]], sketches=sketches, keys=nothing[0], rows=nothing[1]
            )

        accepted_segments(store.sketch_index(), {batch: names[batch] for batch in ids}, of_batch)

    merge(kept)
    (path,) = store.sketch_index().folder.iterdir()
    assert path.suffix == ".merged"
    assert list(check_accepted_samples(CheckedCorpus(runtime))) == []
    path.unlink()
    names["july"] = names["may"]
    merge({"may": "c" * 32, "june": kept["june"], "july": "d" * 32})
    found = {finding.what: finding.severity for finding in check_accepted_samples(CheckedCorpus(runtime))}
    assert found == {
        "holds other samples than first_pass keeps of may; it is made anew when it is needed": "error",
        "is of batch 'july' too, which the corpus does not have": "note",
    }
    flip_a_bit(path if path.exists() else next(store.sketch_index().folder.iterdir()), lambda size: size // 2)
    (damaged,) = check_accepted_samples(CheckedCorpus(runtime))
    assert "another checksum" in damaged.what
