import json
import os
from datetime import UTC, datetime

import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.storage import pin, pinned_versions, pins, vacuum

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WRITE = {"run_id": "run-1", "code_version": "1"}


def _write(store, verdicts, *versions):
    for ids in versions:
        store.write("first_pass", verdicts("part-00", list(ids)), partition={"batch": "part-00"}, **WRITE)


def _age(folder, hours):
    """Make the log say that what it removed was removed so many hours earlier."""
    for path in (folder / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for action in actions:
            if "remove" in action:
                action["remove"]["deletionTimestamp"] -= hours * 3_600_000
        path.write_text("\n".join(map(json.dumps, actions)) + "\n", "utf-8")


def _ids(table):
    return "".join(table["sample_id"].to_pylist())


def test_pins_are_kept_by_release_and_the_first_pin_stays(anywhere):
    assert pins(anywhere, "shop") == {}

    assert pin(anywhere, "shop", "r1", {"labels": 3, "first_pass": 7}) == {"labels": 3, "first_pass": 7}
    pin(anywhere, "shop", "r2", {"labels": 5})
    assert pin(anywhere, "shop", "r1", {"labels": 9}) == {"labels": 3, "first_pass": 7}

    assert pins(anywhere, "shop") == {"r1": {"first_pass": 7, "labels": 3}, "r2": {"labels": 5}}
    assert pinned_versions(anywhere, "shop", "labels") == [3, 5]
    assert pinned_versions(anywhere, "other", "labels") == []
    pin(anywhere, "shop", "r4", {"first_pass": 9, "first_pass/may": 4})
    assert pinned_versions(anywhere, "shop", "first_pass") == [4, 7, 9]
    with pytest.raises(InvalidInput, match="there is no table 'nope' to pin"):
        pin(anywhere, "shop", "r3", {"nope": 1})


def test_vacuum_deletes_what_is_old_and_not_pinned(any_store, verdicts):
    _write(any_store, verdicts, "a", "b", "c", "d")
    pin(any_store.root, "shop", "r1", {"first_pass": 2})
    _age(any_store.path("first_pass"), hours=169)

    deleted = vacuum(any_store, now=NOW)

    assert len(deleted.data_files) == 2
    assert all(file.startswith("tables/first_pass/batch=part-00/part-") for file in deleted.data_files)
    assert _ids(any_store.read("first_pass")) == "d"
    assert _ids(any_store.read("first_pass", version=2)) == "b"
    with pytest.raises(StorageError, match="reading first_pass failed"):
        any_store.read("first_pass", version=1)
    assert vacuum(any_store, now=NOW).data_files == ()


def test_vacuum_keeps_what_was_replaced_within_the_week(store, verdicts):
    _write(store, verdicts, "a", "b")
    _age(store.path("first_pass"), hours=150)

    assert vacuum(store, now=NOW).data_files == ()
    assert _ids(store.read("first_pass", version=1)) == "a"
    with pytest.raises(InvalidInput, match="keep_hours is 167 but runs may read files for a week; give at least 168"):
        vacuum(store, keep_hours=167, now=NOW)


def test_writing_and_history_go_on_after_a_vacuum(any_store, verdicts):
    _write(any_store, verdicts, "a", "b")
    _age(any_store.path("first_pass"), hours=169)
    vacuum(any_store, now=NOW)
    _write(any_store, verdicts, "c")

    assert _ids(any_store.read("first_pass")) == "c"
    assert [entry.operation for entry in any_store.history("first_pass")][::-1] == [
        "CREATE TABLE",
        "WRITE",
        "WRITE",
        "VACUUM START",
        "VACUUM END",
        "WRITE",
    ]


def test_a_vacuum_between_reading_and_writing_is_no_race(store, verdicts):
    _write(store, verdicts, "a", "b")
    opened = store.open("first_pass")
    _age(store.path("first_pass"), hours=169)
    vacuum(store, now=NOW)

    store.write("first_pass", verdicts("part-00", ["c"]), **WRITE, opened=opened)

    assert _ids(store.read("first_pass")) == "c"


def test_leftovers_of_killed_writes_are_deleted_after_a_day(store, verdicts):
    _write(store, verdicts, "a")
    folder = store.path("first_pass") / "batch=part-00"
    releases = store.folder / "releases" / ".r1.0123.tmp"
    releases.mkdir(parents=True)
    (releases / "data.parquet").touch()
    for name, hours in {"old.parquet#1": 25, "young.parquet#1": 23}.items():
        (folder / name).touch()
        os.utime(folder / name, (NOW.timestamp() - hours * 3600,) * 2)
    os.utime(releases, (NOW.timestamp() - 25 * 3600,) * 2)

    assert vacuum(store, now=NOW).leftovers == (
        "releases/.r1.0123.tmp",
        "tables/first_pass/batch=part-00/old.parquet#1",
    )

    assert (folder / "young.parquet#1").exists()
    assert not releases.exists()
    assert _ids(store.read("first_pass")) == "a"


def test_nothing_is_deleted_when_the_pins_cannot_be_read(any_store, verdicts):
    _write(any_store, verdicts, "a", "b")
    _age(any_store.path("first_pass"), hours=169)
    (any_store.folder / "pins.json").write_text("{", "utf-8")

    with pytest.raises(StorageError, match=r"the list of pinned versions at .*pins.json cannot be read"):
        vacuum(any_store, now=NOW)
    assert _ids(any_store.read("first_pass", version=1)) == "a"


def test_a_pin_of_a_version_that_is_gone_stops_the_vacuum(store, verdicts):
    _write(store, verdicts, "a", "b")
    _age(store.path("first_pass"), hours=169)
    pin(store.root, "shop", "r1", {"first_pass": 77})

    with pytest.raises(StorageError, match="vacuuming first_pass failed"):
        vacuum(store, now=NOW)
    assert _ids(store.read("first_pass", version=1)) == "a"


def test_old_versions_stay_readable_after_the_log_has_checkpoints(store, verdicts):
    _write(store, verdicts, *"abcdefghij" * 6)

    assert list((store.path("first_pass") / "_delta_log").glob("*.checkpoint.parquet"))
    assert _ids(store.read("first_pass", version=3)) == "c"
    assert _ids(store.read("first_pass")) == "j"
    assert len(store.history("first_pass")) == 61
