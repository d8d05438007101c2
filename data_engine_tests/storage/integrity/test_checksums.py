import json
from pathlib import Path

import pytest
from schema_tables import table

from data_engine.storage import TableStore
from data_engine.storage.integrity.checksums import (
    digest_of,
    digests_of_commit,
    is_as_sealed,
    read_record,
    record_commit,
    record_path,
    replace_sealed,
    seal_path,
)


def _table(folder: Path) -> Path:
    store = TableStore(folder, "c")
    store.write("classifier", table("classifier", [{}]), run_id="r", code_version="1")
    return store.path("classifier")


def test_every_commit_has_the_checksums_of_its_log_entry_and_its_files(tmp_path: Path) -> None:
    folder = _table(tmp_path)
    for version, n_files in ((0, 1), (1, 2)):
        record = read_record(folder, version)
        assert record == digests_of_commit(folder, version)
        assert len(record) == n_files
    assert all(digest_of(folder / name) == digest for name, digest in digests_of_commit(folder, 1).items())


def test_checksums_of_a_commit_are_kept_once_and_are_none_where_nobody_kept_them(tmp_path: Path) -> None:
    folder = _table(tmp_path)
    path = record_path(folder, 1)
    path.write_text("{}\n")
    record_commit(folder, 1)
    assert path.read_text() == "{}\n"
    path.unlink()
    assert read_record(folder, 1) is None


@pytest.mark.parametrize("text", ["[]\n", "{", json.dumps({"a": "b"})])
def test_checksums_that_are_not_as_they_were_written_are_refused(tmp_path: Path, text: str) -> None:
    folder = _table(tmp_path)
    record_path(folder, 1).write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_record(folder, 1)


def test_a_sealed_file_is_known_from_a_changed_one_and_from_one_without_a_seal(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    replace_sealed(path, lambda: path.write_text("page"))
    assert is_as_sealed(path) is True
    path.write_text("pagE")
    assert is_as_sealed(path) is False
    seal_path(path).unlink()
    assert is_as_sealed(path) is None
