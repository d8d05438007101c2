import shutil
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from data_engine.schemas import STEP_VERSIONS
from data_engine.storage.tables.table_cache import files_in, files_of_latest, latest_of

WRITE = {"run_id": "run-1", "code_version": "code-1"}


def _version(batch, data_version):
    row = {
        "step": "labels",
        "batch": batch,
        "data_version": data_version,
        "code_version": "1",
        "input_version": "1",
        "table_version": 0,
        "n_rows": 1,
        "seconds": 0.5,
        "run_id": "run-1",
        "written_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return pa.Table.from_pylist([row], schema=STEP_VERSIONS)


def _write(store, batch, data_version):
    piece = {"step": "labels", "batch": batch}
    store.write("step_versions", _version(batch, data_version), partition=piece, **WRITE)


def _numbers(folder, values):
    write_deltalake(str(folder), pa.table({"n": values}), mode="append")


def test_a_table_that_was_opened_is_the_same_object_until_somebody_writes(tmp_path):
    _numbers(tmp_path / "t", [1])
    first = latest_of(tmp_path / "t")
    assert latest_of(tmp_path / "t") is first
    assert first.version() == 0
    _numbers(tmp_path / "t", [2])
    _numbers(tmp_path / "t", [3])
    assert latest_of(tmp_path / "t").version() == 2


def test_another_table_in_the_place_of_one_that_was_opened_is_seen(tmp_path):
    _numbers(tmp_path / "t", [1])
    _numbers(tmp_path / "t", [2])
    latest_of(tmp_path / "t")
    shutil.rmtree(tmp_path / "t")
    _numbers(tmp_path / "t", [7])
    assert latest_of(tmp_path / "t").to_pyarrow_table()["n"].to_pylist() == [7]


def test_a_table_whose_folder_is_gone_does_not_exist(store):
    _write(store, "", "one")
    assert store.exists("step_versions")
    shutil.rmtree(store.path("step_versions"))
    assert not store.exists("step_versions")
    assert store.read("step_versions").num_rows == 0


def test_what_others_commit_between_two_reads_of_small_files_is_read(store):
    _write(store, "b", "one")
    _write(store, "", "whole")
    assert store.read("step_versions", columns=["batch", "data_version"]).to_pylist() == [
        {"batch": "", "data_version": "whole"},
        {"batch": "b", "data_version": "one"},
    ]
    DeltaTable(str(store.path("step_versions"))).delete("batch = 'b'")
    assert store.read("step_versions")["batch"].to_pylist() == [""]
    _write(store, "b", "two")
    assert store.read("step_versions", partition={"batch": "b"})["data_version"].to_pylist() == ["two"]


def test_small_files_are_read_in_the_exact_schema(store):
    _write(store, "", "whole")
    assert store.read("step_versions").equals(_version("", "whole"))


def test_the_files_of_a_table_are_listed_once_and_then_follow_from_what_is_committed(tmp_path, monkeypatch):
    listed = []
    find = DeltaTable.to_pyarrow_dataset
    monkeypatch.setattr(DeltaTable, "to_pyarrow_dataset", lambda table: listed.append(table) or find(table))
    folder = tmp_path / "t"
    _numbers(folder, [1])
    (one,) = files_of_latest(folder, ())
    assert files_of_latest(folder, ()) == (one,)
    assert len(listed) == 1
    _numbers(folder, [2])
    _numbers(folder, [3])
    assert one in files_of_latest(folder, ())
    assert len(files_of_latest(folder, ())) == 3
    assert len(listed) == 1
    write_deltalake(str(folder), pa.table({"n": [4]}), mode="overwrite")
    assert one not in files_of_latest(folder, ())
    assert len(files_of_latest(folder, ())) == len(listed) == 1
    shutil.rmtree(folder)
    _numbers(folder, [3])
    assert one not in files_of_latest(folder, ())


def test_files_that_follow_from_commits_are_those_of_a_listing_whatever_the_names_of_batches(store):
    columns = ("step", "batch")
    _write(store, "first", "one")
    folder = store.path("step_versions")
    assert len(files_of_latest(folder, columns)) == 1
    for batch, version in (("", "1"), ("a b/c=ü%20", "1"), ("100%", "1"), ("a b/c=ü%20", "2"), ("", "2")):
        _write(store, batch, version)
        listed = sorted(files_in(DeltaTable(str(folder)), columns))
        assert sorted(files_of_latest(folder, columns)) == listed
    assert {values[1] for values, _ in listed} == {"first", "", "a b/c=ü%20", "100%"}
    store.write("step_versions", _version("last", "3"), **WRITE)
    assert [values for values, _ in files_of_latest(folder, columns)] == [["labels", "last"]]


def test_files_are_listed_anew_where_the_log_does_not_say_how_they_came(tmp_path):
    folder = tmp_path / "t"
    _numbers(folder, [1])
    files_of_latest(folder, ())
    _numbers(folder, [2])
    latest_of(folder).create_checkpoint()
    (folder / "_delta_log" / f"{1:020}.json").write_text("no commit")
    assert len(files_of_latest(folder, ())) == 2
