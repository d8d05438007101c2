from pathlib import Path

import pyarrow as pa
from schema_tables import table
from written_steps import notes_runtime

from data_engine.indexing.samples import sample_id_of_text
from data_engine.releasing import release_fingerprint, write_release
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.releases import check_releases
from data_engine.storage import pin
from data_engine.storage.retention import pin_nothing


def released(folder: Path) -> tuple[CorpusRuntime, Path]:
    runtime = notes_runtime(folder)
    rows = table("release", [{"sample_id": sample_id_of_text("one"), "text": "one", "metadata": "{}"}])
    release_id = release_fingerprint(rows)
    rows = rows.set_column(1, rows.schema.field(1), pa.array([release_id]))
    place = runtime.corpus_folder / "releases" / release_id
    write_release(place, rows, {"release_id": release_id, "n_samples": 1, "table_versions": {"labels": 1}}, "card")
    pin(runtime.data_folder, "notes", release_id, {"labels": 1})
    runtime.store().write("release", rows, run_id="r", code_version="c")
    return runtime, place


def found(runtime: CorpusRuntime) -> list[Finding]:
    return list(check_releases(CheckedCorpus(runtime)))


def test_a_release_as_it_was_written_is_sound_and_damage_names_its_file(tmp_path: Path) -> None:
    runtime, place = released(tmp_path)
    assert found(runtime) == []
    (place / "README.md").write_text("other")
    (finding,) = found(runtime)
    assert finding.where == f"notes/releases/{place.name}/README.md"
    (place / "manifest.json").write_text("{")
    assert "cannot be read" in found(runtime)[0].what


def test_a_folder_without_a_manifest_and_a_file_of_others_are_named(tmp_path: Path) -> None:
    runtime, place = released(tmp_path)
    half = place.with_name("half")
    half.mkdir()
    (place / "mine.txt").write_text("x")
    assert {(finding.where.rpartition("/")[2], finding.remedy.split()[0]) for finding in found(runtime)} == {
        ("half", "rm"),
        ("mine.txt", "mv"),
    }


def test_a_release_that_stands_on_no_tables_any_more_is_whole_by_its_files(tmp_path: Path) -> None:
    runtime, place = released(tmp_path)
    pin_nothing(runtime.data_folder, "notes", [place.name])
    assert found(runtime) == []
    (place / "README.md").write_text("other")
    assert [finding.where for finding in found(runtime)] == [f"notes/releases/{place.name}/README.md"]


def test_the_newest_release_must_be_there_with_the_rows_of_its_table(tmp_path: Path) -> None:
    runtime, place = released(tmp_path)
    rows = runtime.store().read("release")
    other = rows.set_column(4, rows.schema.field(4), pa.array(["two"]))
    runtime.store().write("release", other, run_id="r", code_version="c")
    assert f"its rows are not those of release {place.name}" in {finding.what for finding in found(runtime)}
    place.rename(place.with_name("elsewhere"))
    assert "the newest release is missing" in {finding.what for finding in found(runtime)}
