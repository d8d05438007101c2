from pathlib import Path

import numpy as np
from written_steps import notes_runtime, write_step

from data_engine.runtime.integrity.accepted_segments import check_accepted_samples
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.made_from.segment_kinds import segment_name


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
