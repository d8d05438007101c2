from pathlib import Path

import pyarrow as pa
from written_steps import keep_version, notes_runtime

from data_engine.runtime.integrity.derived_files import check_derived_files
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.storage.integrity.checksums import replace_sealed, seal_path
from data_engine.storage.mart_files import write_mart


def test_what_was_made_and_is_missing_or_damaged_is_named_with_what_makes_it_anew(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    assert list(check_derived_files(CheckedCorpus(runtime))) == []
    store.artefacts().put("small", b"model")
    report = runtime.corpus_folder / "reports" / "report.html"
    report.parent.mkdir()
    replace_sealed(report, lambda: report.write_text("page"))
    keep_version(store, "quality_report")
    assert list(check_derived_files(CheckedCorpus(runtime))) == []
    (store.folder / "learnt" / "small").write_bytes(b"modEl")
    report.write_text("pagE")
    learnt, page = sorted(check_derived_files(CheckedCorpus(runtime)), key=lambda finding: finding.where)
    assert (learnt.where, learnt.remedy[:3]) == ("notes/learnt/small", "rm ")
    assert page.what == "is not the file that was written: its checksum differs"
    seal_path(report).unlink()
    severities = {finding.where: finding.severity for finding in check_derived_files(CheckedCorpus(runtime))}
    assert severities["quality report: notes/reports/report.html"] == "note"
    report.unlink()
    assert "is missing" in {finding.what for finding in check_derived_files(CheckedCorpus(runtime))}


def test_a_mart_that_was_made_and_is_gone_or_older_is_named(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    keep_version(runtime.store(), "sql_models", run_id="last")
    for name, run in (("funnel_stages", "last"), ("batch_history", "earlier")):
        write_mart(runtime.store(), name, pa.table({"n": [1]}).replace_schema_metadata({"run_id": run}))
    found = {finding.where.split(":")[0]: finding.what for finding in check_derived_files(CheckedCorpus(runtime))}
    assert found["mart batch_history"] == "is not the one that the last run wrote"
    assert found["mart balance_by_level"] == "is missing"
    assert "mart funnel_stages" not in found
