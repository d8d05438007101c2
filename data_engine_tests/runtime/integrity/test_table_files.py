from pathlib import Path

from written_steps import notes_runtime, write_step

from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.table_files import check_tables
from data_engine.storage.retention import pin


def test_damage_is_an_error_where_it_is_needed_and_a_note_where_it_is_not(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    for uri in ("old", "new"):
        write_step(store, "raw_index", [{"uri": uri}], "may")
    assert list(check_tables(CheckedCorpus(runtime))) == []
    for path in store.path("raw_index").rglob("*.parquet"):
        path.write_bytes(b"x")
    found = list(check_tables(CheckedCorpus(runtime)))
    assert sorted(finding.severity for finding in found) == ["error", "note"]
    (error,) = (finding for finding in found if finding.severity == "error")
    assert error.where.startswith("batch 'may' of raw_index: notes/tables/raw_index/batch=may/part-")
    assert error.remedy == f"rm -f {runtime.data_folder / error.where.rpartition(': ')[2]} && data-engine run notes"


def test_an_earlier_version_that_a_release_stands_on_comes_back_from_a_backup_only(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    write_step(store, "raw_index", [{"uri": "old"}], "may")
    (old,) = store.path("raw_index").rglob("*.parquet")
    pin(store.root, store.corpus, "0123456789abcdef", {"raw_index": store.version("raw_index")})
    write_step(store, "raw_index", [{"uri": "new"}], "may")
    old.unlink()
    (finding,) = check_tables(CheckedCorpus(runtime))
    assert (finding.severity, finding.what) == ("error", "is missing")
    assert finding.remedy.startswith(f"restore {old} from a backup; it is of an earlier version")


def test_damaged_checksums_are_named_with_the_file_to_remove(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "labels", [{}])
    path = runtime.store().path("labels") / "_checksums" / f"{1:020}.json"
    path.write_text("{}\n")
    path.write_text('{\n "x": "y"\n}\n')
    (finding,) = check_tables(CheckedCorpus(runtime))
    assert finding.what == "the checksums of version 1 are of other files than its log names"
    assert finding.remedy == f"rm {path}"
