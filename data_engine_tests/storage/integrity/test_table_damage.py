import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from schema_tables import table

from data_engine.errors import StorageError
from data_engine.storage import TableStore
from data_engine.storage.integrity.checksums import CHECKSUMS
from data_engine.storage.integrity.commit_log import LOG, entry_name
from data_engine.storage.integrity.table_damage import Damage, find_damage, named, read_log, table_folder


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    made = TableStore(tmp_path, "c")
    for batch, text in (("may", "one"), ("june", "two"), ("may", "three")):
        rows = table("raw_index", [{"batch": batch, "uri": f"{n}", "text": text * 50} for n in range(40)])
        made.write("raw_index", rows, partition={"batch": batch}, run_id="r", code_version="1")
    return made


def damage(store: TableStore, *pinned: int) -> list[Damage]:
    return list(find_damage(read_log(store, "raw_index"), pinned))


def files_of(store: TableStore, version: int) -> list[Path]:
    folder = store.path("raw_index")
    return [folder / added.path for added in read_log(store, "raw_index").entries[version].added]


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(content))


def test_a_table_as_it_was_written_has_no_damage(store: TableStore) -> None:
    assert damage(store) == []
    assert damage(store, 1, 2) == []
    assert list(find_damage(read_log(store, "labels"))) == []


@pytest.mark.parametrize("seed", range(12))
def test_one_bit_of_any_file_of_a_table_is_found(store: TableStore, seed: int) -> None:
    draw = random.Random(seed)
    path = draw.choice(sorted(path for path in store.path("raw_index").rglob("*") if path.is_file()))
    flip(path, draw.randrange(path.stat().st_size * 8))
    assert path in {found.path for found in damage(store)}


@pytest.mark.parametrize("seed", range(12))
def test_without_checksums_of_files_one_bit_is_found_or_changes_no_row(store: TableStore, seed: int) -> None:
    before = store.read("raw_index")
    shutil.rmtree(store.path("raw_index") / CHECKSUMS)
    (path,) = files_of(store, 3)
    flip(path, random.Random(seed).randrange(path.stat().st_size * 8))
    found = damage(store)
    if found:
        assert [(named(read_log(store, "raw_index"), each), each.path) for each in found] == [
            ("batch 'may' of raw_index", path)
        ]
    else:
        try:
            assert store.read("raw_index").equals(before)
        except StorageError as error:
            assert path.name in str(error)


def _entry(store: TableStore, version: int) -> Path:
    return store.path("raw_index") / LOG / entry_name(version)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _swap(store: TableStore) -> None:
    (may,), (june,) = files_of(store, 3), files_of(store, 2)
    content = may.read_bytes()
    may.write_bytes(june.read_bytes())
    june.write_bytes(content)


OTHER = "is not the file that was written: its checksum differs"
CASES: list[tuple[str, Callable[[TableStore], object], str]] = [
    ("last entry deleted", lambda store: _entry(store, 3).unlink(), "version 3 is missing from its log"),
    ("first entry deleted", lambda store: _entry(store, 0).unlink(), "version 0 is missing from its log"),
    ("entry garbage", lambda store: _entry(store, 2).write_bytes(b"\0garbage"), "version 2 of its log cannot be read"),
    ("entry cut", lambda store: _cut(_entry(store, 2)), "version 2 of its log cannot be read"),
    ("file deleted", lambda store: files_of(store, 3)[0].unlink(), "is missing"),
    ("file cut", lambda store: _cut(files_of(store, 3)[0]), OTHER),
    ("file empty", lambda store: files_of(store, 2)[0].write_bytes(b""), OTHER),
    ("log deleted", lambda store: shutil.rmtree(store.path("raw_index") / LOG), "version 0 is missing from its log"),
    ("files swapped", _swap, OTHER),
]


@pytest.mark.parametrize(("act", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_damage_of_every_kind_is_named(store: TableStore, act: Callable[[TableStore], object], said: str) -> None:
    act(store)
    assert any(found.what == said and found.is_needed for found in damage(store))


def test_another_batch_in_the_place_of_a_file_is_found_without_checksums_of_files(store: TableStore) -> None:
    (may,), (june,) = files_of(store, 3), files_of(store, 2)
    shutil.rmtree(store.path("raw_index") / CHECKSUMS)
    june.write_bytes(may.read_bytes())
    assert {found.path for found in damage(store)} == {june}


def test_a_replaced_file_is_needed_only_by_the_release_that_stands_on_it(store: TableStore) -> None:
    (old,) = files_of(store, 1)
    old.unlink()
    assert damage(store) == []
    assert [(found.what, found.path) for found in damage(store, 2)] == [("is missing", old)]
    old.write_bytes(b"x")
    assert [found.is_needed for found in damage(store)] == [False]
    assert [(found.is_needed, found.is_newest) for found in damage(store, 2)] == [(True, False)]
    files_of(store, 3)[0].write_bytes(b"x")
    assert [(found.is_needed, found.is_newest) for found in damage(store)] == [(False, False), (True, True)]


def test_a_pinned_version_that_the_table_does_not_have_is_found(store: TableStore) -> None:
    assert [found.what for found in damage(store, 7)] == ["a release stands on version 7, but the newest is 3"]


def test_files_without_a_log_are_found(store: TableStore) -> None:
    for name in (LOG, CHECKSUMS):
        shutil.rmtree(store.path("raw_index") / name)
    assert [found.what for found in damage(store)] == ["has no log, so that none of its rows can be read"]


def test_a_damaged_checkpoint_is_found(tmp_path: Path) -> None:
    store = TableStore(tmp_path, "c")
    for n in range(52):
        store.write("classifier", table("classifier", [{}] * (n % 2)), run_id="r", code_version="1")
    (checkpoint,) = (store.path("classifier") / LOG).glob("*.checkpoint.parquet")
    assert list(find_damage(read_log(store, "classifier"))) == []
    flip(checkpoint, checkpoint.stat().st_size * 4)
    assert checkpoint in {found.path for found in find_damage(read_log(store, "classifier"))}


def test_a_table_under_its_former_name_is_found_and_not_moved(tmp_path: Path) -> None:
    former = tmp_path / "c" / "tables" / "gates"
    former.mkdir(parents=True)
    assert table_folder(TableStore(tmp_path, "c"), "check_results") == former
