from pathlib import Path

from written_steps import notes_runtime, write_step

from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.orphans import check_orphans


def test_files_that_nothing_names_are_notes_by_folder(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert list(check_orphans(CheckedCorpus(runtime))) == []
    write_step(runtime.store(), "labels", [{}])
    folder = runtime.corpus_folder
    (folder / "pins.json").write_text("{}")
    assert list(check_orphans(CheckedCorpus(runtime))) == []
    half = folder / "releases" / ".r1.0123.tmp"
    half.mkdir(parents=True)
    (folder / "tables" / "unknown").mkdir()
    for path in (half / "data.parquet", folder / "tables/labels/x.parquet", folder / "tables/unknown/y", folder / "z"):
        path.write_text("x")
    found = {finding.where: finding for finding in check_orphans(CheckedCorpus(runtime))}
    assert {where for where, finding in found.items() if finding.remedy == "data-engine clean notes"} == {
        "notes/releases/.r1.0123.tmp",
        "notes/tables/labels",
    }
    foreign = {where: finding.what for where, finding in found.items() if "rm -r" in finding.remedy}
    assert foreign == dict.fromkeys(
        ("notes/tables/unknown", "notes/z"),
        "is nothing that the engine wrote, or was moved aside; the engine leaves it alone",
    )
    assert {finding.severity for finding in found.values()} == {"note"}
