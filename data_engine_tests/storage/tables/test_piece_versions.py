"""Which commit last wrote each partition, and reading partitions as earlier commits left them."""

import shutil
from collections.abc import Mapping

import pytest
from schema_tables import table

from data_engine.errors import StorageError
from data_engine.storage import TableStore
from data_engine.storage.tables.piece_versions import piece_versions


def _write(store: TableStore, batch: str, *uris: str) -> int:
    rows = table("raw_index", [{"batch": batch, "sample_id": uri, "uri": uri} for uri in uris])
    return store.write("raw_index", rows, partition={"batch": batch}, run_id="r", code_version="1").version


def _read(store: TableStore, at: Mapping[str, int]) -> list[str]:
    uris: list[str] = store.read("raw_index", columns=["uri"], at=at)["uri"].to_pylist()
    return uris


def _versions(store: TableStore) -> dict[str, int]:
    return dict(piece_versions(store.path("raw_index")).pieces)


def test_a_partition_is_known_by_the_commit_that_last_wrote_it(store: TableStore) -> None:
    may, june = _write(store, "may", "a"), _write(store, "june", "b")
    assert _versions(store) == {"may": may, "june": june}
    again = _write(store, "may", "c")
    assert _versions(store) == {"may": again, "june": june}


def test_a_partition_is_read_as_a_version_left_it_and_others_are_left_out(store: TableStore) -> None:
    may, june = _write(store, "may", "a1", "a2"), _write(store, "june", "b")
    emptied = _write(store, "may")
    newest = _write(store, "may", "c")
    assert _read(store, {"may": may, "june": june}) == ["b", "a1", "a2"]
    assert _read(store, {"may": newest}) == ["c"]
    assert _read(store, {"may": emptied, "june": june}) == ["b"]
    assert _read(store, {}) == []


def test_a_version_that_the_table_has_lost_is_named_with_its_partition(store: TableStore) -> None:
    may = _write(store, "may", "a")
    last = _write(store, "may", "b")
    (store.path("raw_index") / "_delta_log" / f"{last:020}.json").unlink()
    assert _read(store, {"may": may}) == ["a"]
    gone = f"version {last} of batch 'may' of raw_index is gone .* is of version {may}"
    with pytest.raises(StorageError, match=gone):
        _read(store, {"may": last})


def test_a_table_in_the_place_of_another_has_a_history_of_its_own(store: TableStore) -> None:
    _write(store, "may", "a")
    _write(store, "june", "b")
    assert set(_versions(store)) == {"may", "june"}
    shutil.rmtree(store.path("raw_index"))
    for _ in range(3):
        july = _write(store, "july", "c")
    assert _versions(store) == {"july": july}
