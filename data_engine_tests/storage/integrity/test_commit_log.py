import json
from pathlib import Path

import pytest
from schema_tables import table

from data_engine.storage import TableStore
from data_engine.storage.integrity.commit_log import LOG, active_files, entry_name, read_entry, versions_in


def _written(folder: Path, *batches: str) -> Path:
    store = TableStore(folder, "c")
    for batch in batches:
        rows = table("drift_report", [{"batch": batch}] * 2)
        store.write("drift_report", rows, partition={"batch": batch}, run_id="r", code_version="1")
    return store.path("drift_report")


def test_an_entry_says_which_piece_it_replaced_and_by_which_files(tmp_path: Path) -> None:
    folder = _written(tmp_path, "a b", "c", "a b")
    assert versions_in(folder / LOG) == [0, 1, 2, 3]
    entries = [read_entry(folder, version) for version in range(4)]
    assert [entry.piece for entry in entries] == [{}, {"batch": "a b"}, {"batch": "c"}, {"batch": "a b"}]
    first, again = entries[1].added[0], entries[3].added[0]
    assert (folder / first.path).is_file()
    assert (first.values, first.n_rows) == ({"batch": "a b"}, 2)
    assert first.n_bytes == (folder / first.path).stat().st_size
    assert entries[3].removed == (first.path,)
    assert set(active_files(entries)) == {again.path, entries[2].added[0].path}


@pytest.mark.parametrize("text", ["{", '{"add": {}}', "[]", json.dumps({"commitInfo": {"partition": "x"}})])
def test_what_is_no_entry_is_refused(tmp_path: Path, text: str) -> None:
    folder = _written(tmp_path, "a")
    (folder / LOG / entry_name(1)).write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"."):
        read_entry(folder, 1)


def test_a_folder_that_is_not_there_has_no_versions(tmp_path: Path) -> None:
    assert versions_in(tmp_path / "none") == []
