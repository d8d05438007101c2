from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.errors import StorageError
from data_engine.runtime.amendments.tombstones import Tombstone, add_tombstones, forgotten_ids, tombstones


def test_a_tombstone_stays_as_it_was_set_first(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert forgotten_ids(runtime).to_pylist() == []
    first = Tombstone("b", "2026-01-01", "asked for", ("r1",))
    add_tombstones(runtime, [first])
    add_tombstones(runtime, [Tombstone("b", "2026-02-02", "again"), Tombstone("a", "2026-02-02", "again")])
    assert tombstones(runtime)["b"] == first
    assert forgotten_ids(runtime).to_pylist() == ["a", "b"]


def test_without_readable_tombstones_nothing_is_taken_in(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    add_tombstones(runtime, [Tombstone("a", "2026-02-02", "r")])
    (runtime.corpus_folder / "tombstones.json").write_text("[{}]", "utf-8")
    with pytest.raises(StorageError, match="without them forgotten samples would come back; restore that file"):
        forgotten_ids(runtime)
