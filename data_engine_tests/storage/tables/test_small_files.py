import pyarrow as pa
import pytest
from flipped_bits import flip_a_bit
from schema_tables import table

from data_engine.schemas import RAW_INDEX
from data_engine.storage.tables import small_files
from data_engine.storage.tables.delta_commits import DeltaFolder
from data_engine.storage.tables.small_files import read_small_files
from data_engine.storage.tables.table_scan import dataset_of

BATCHES = ("august", "july", "june", "may")


@pytest.fixture
def folder(store, monkeypatch):
    """A table of four files; four that are read one by one are kept together."""
    monkeypatch.setattr(small_files, "_FEW_FILES", 4)
    for batch in BATCHES:
        write(store, batch, "ba")
    return DeltaFolder(store.path("raw_index"), RAW_INDEX, ("batch",))


def write(store, batch, uris):
    rows = table("raw_index", [{"sample_id": uri, "uri": f"{batch}/{uri}", "batch": batch} for uri in uris])
    store.write("raw_index", rows, partition={"batch": batch}, run_id="run", code_version="1")


def read(store, folder, **piece):
    def dataset_of_files(files):
        return dataset_of(folder, files=files, are_verified=False)

    found = read_small_files(folder, piece, ["uri"], artefacts=store.artefacts(), dataset_of=dataset_of_files)
    return found["uri"].to_pylist()


def forget_what_is_known():
    """As in a process that begins."""
    small_files._KNOWN.clear()


def test_rows_come_in_the_order_of_partitions_and_as_they_were_written(store, folder):
    assert read(store, folder, batch="may") == ["may/b", "may/a"]
    assert read(store, folder) == [f"{batch}/{uri}" for batch in BATCHES for uri in "ba"]
    assert read(store, folder, batch="none") == []


def test_a_table_that_does_not_exist_has_no_rows_in_its_schema(store):
    nothing = DeltaFolder(store.path("raw_index"), RAW_INDEX, ("batch",))
    assert read(store, nothing, batch="may") == []


def test_a_process_that_begins_opens_no_file_whose_rows_are_kept_together(store, folder, monkeypatch):
    before = read(store, folder)
    forget_what_is_known()
    monkeypatch.setattr(small_files, "verify", lambda path: pytest.fail(f"{path} is read"))
    assert read(store, folder) == before
    assert read(store, folder, batch="june") == ["june/b", "june/a"]


def test_a_partition_that_is_written_again_is_read_again_and_rows_that_left_are_kept_no_more(store, folder):
    read(store, folder)
    write(store, "may", "c")
    for batch in ("june", "july", "august"):
        write(store, batch, "")
    assert read(store, folder) == ["may/c"]
    assert {uri[:4] for uri in kept_together(store)} == {"may/", "june", "july", "augu"}
    for number in range(3):
        write(store, f"{number}", "d")
    assert read(store, folder) == ["0/d", "1/d", "2/d", "may/c"]
    assert kept_together(store) == ["0/d", "1/d", "2/d", "may/c"]


def kept_together(store):
    return sorted(pa.ipc.open_file(store.artefacts().get("rows-raw_index")).read_all()["uri"].to_pylist())


@pytest.mark.parametrize("damage", ["artefact", "file", "gone"])
def test_what_is_damaged_is_read_from_the_files_or_counts_as_missing(store, folder, damage, caplog):
    whole = read(store, folder)
    forget_what_is_known()
    (file,) = (path for path in folder.path.rglob("*.parquet") if "june" in str(path))
    if damage == "gone":
        file.unlink()
    else:
        flip_a_bit(store.folder / "learnt" / "rows-raw_index" if damage == "artefact" else file, lambda size: size // 2)
    expected = whole if damage == "artefact" else [uri for uri in whole if not uri.startswith("june")]
    assert read(store, folder) == expected
    assert "damaged" in caplog.text if damage == "artefact" else "cannot be read" in caplog.text


def test_a_disk_that_cannot_keep_rows_together_costs_time_alone(store, folder, caplog):
    (store.folder / "learnt").write_text("in the way")
    assert len(read(store, folder)) == 8
    assert "not kept together" in caplog.text
