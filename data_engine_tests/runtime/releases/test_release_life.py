from datetime import UTC, datetime
from pathlib import Path

import pytest
from released_folders import text_release
from written_steps import notes_runtime

from data_engine.errors import InvalidInput, StorageError
from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.release_marks import read_marks
from data_engine.releasing.rows import all_columns, identified
from data_engine.runtime.releases.release_life import Releases, samples_of
from data_engine.storage import pin, pins

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def three(tmp_path: Path) -> tuple[Releases, list[str]]:
    """Three releases of four texts, in the order in which they were made, and their ids."""
    releases = Releases(notes_runtime(tmp_path))
    root = releases.folder / "releases"
    labels = (["a", "a", "b", "b"], ["a", "b", "b", "b"], ["c", "b", "b", "b"])
    made = [text_release(root, label=list(each), created_at=f"2026-01-0{n}") for n, each in enumerate(labels, start=1)]
    for folder in made:
        pin(releases.runtime.data_folder, "notes", folder.name, {"labels": 1})
    return releases, [folder.name for folder in made]


def test_the_newest_is_in_service_and_a_start_of_an_id_is_enough(three: tuple[Releases, list[str]]) -> None:
    releases, ids = three
    assert [folder.name for folder in releases.folders()] == ids
    assert releases.in_service().name == ids[-1]
    assert releases.named(ids[0][:6]).name == ids[0]
    with pytest.raises(InvalidInput, match=r"no release begins with 'zz'; corpus notes has "):
        releases.named("zz")


def test_an_older_release_goes_into_service_one_back_or_by_name(three: tuple[Releases, list[str]]) -> None:
    releases, ids = three
    assert releases.roll_back() == ids[1] == releases.in_service().name
    assert releases.roll_back() == ids[0]
    with pytest.raises(InvalidInput, match="is the first, so there is none to go back to"):
        releases.roll_back()
    assert releases.roll_back(ids[2]) == ids[2]
    assert read_marks(releases.folder).in_service == ""
    with pytest.raises(InvalidInput, match="is in service already; name another"):
        releases.roll_back(ids[2])


def test_the_release_of_the_tables_is_in_service_though_a_newer_one_is_there(
    three: tuple[Releases, list[str]],
) -> None:
    releases, ids = three
    rows = rows_of_folder(releases.named(ids[0]))
    rows = identified(all_columns(rows))
    assert set(rows["release_id"].to_pylist()) == {ids[0]}
    releases.runtime.store().write("release", rows, run_id="r", code_version="c")
    assert releases.in_service().name == ids[0]
    assert releases.delete(ids[2])[0] == ids[2]
    assert releases.roll_back(ids[1]) == ids[1] == releases.in_service().name
    releases.roll_back(ids[0])
    assert read_marks(releases.folder).in_service == ""


def test_a_damaged_release_is_told_and_does_not_go_into_service(three: tuple[Releases, list[str]]) -> None:
    releases, ids = three
    folder = releases.named(ids[1])
    assert [list(releases.damage(each)) for each in releases.folders()] == [[], [], []]
    (folder / "data.jsonl").write_text("{}", "utf-8")
    ((path, what),) = releases.damage(folder)
    assert (path.name, what.startswith("its sha256 is ")) == ("data.jsonl", True)
    with pytest.raises(StorageError, match="restore it before it goes into service"):
        releases.roll_back()
    (folder / "manifest.json").unlink()
    ((path, what),) = releases.damage(folder)
    assert path.name == "manifest.json"


def test_what_is_pinned_in_service_or_the_newest_is_not_deleted(three: tuple[Releases, list[str]]) -> None:
    releases, ids = three
    releases.pin(ids[0], by="ada", why="the paper", now=NOW)
    with pytest.raises(InvalidInput, match=r"is pinned by ada \(the paper\); take the pin off first"):
        releases.delete(ids[0])
    with pytest.raises(InvalidInput, match="is in service; go back to another first"):
        releases.delete(ids[2])
    releases.roll_back()
    with pytest.raises(InvalidInput, match="is that of the tables, which the next run would write again"):
        releases.delete(ids[2])
    releases.unpin(ids[0])
    with pytest.raises(InvalidInput, match="is not pinned, so there is no pin to take off"):
        releases.unpin(ids[0])
    deleted, n_bytes = releases.delete(ids[0])
    assert (deleted, n_bytes > 0) == (ids[0], True)
    assert [folder.name for folder in releases.folders()] == ids[1:]
    assert sorted(pins(releases.runtime.data_folder, "notes")) == sorted(ids[1:])


def test_differences_of_samples_that_the_ledger_does_not_know_say_so(three: tuple[Releases, list[str]]) -> None:
    releases, ids = three
    before, after, found = releases.differences(ids[0], ids[1])
    assert (before.num_rows, after.num_rows) == (4, 4)
    ((difference, why),) = found
    assert (difference.change, difference.label_before, difference.label_after) == ("relabelled", "a", "b")
    assert why == "the ledger says nothing of it: no batch has it any more"


def test_samples_that_a_release_holds_are_found(three: tuple[Releases, list[str]]) -> None:
    import pyarrow as pa

    releases, ids = three
    folder = releases.named(ids[0])
    first = rows_of_folder(folder)["sample_id"][0].as_py()
    assert samples_of(folder, pa.array([first, "0" * 32])) == [first]
