"""What somebody deleted below the data folder is stale: the next run makes it anew, and says so."""

import shutil
from pathlib import Path

import pytest
from small_project import SmallProject, write_notes

from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.versions import step_versions


def _data_versions(project: SmallProject) -> dict[tuple[str, str], str]:
    versions = step_versions(project.load().runtime("notes").store())
    return {place: version.data_version for place, version in versions.items()}


def _lose_the_last_entry(table: Path) -> None:
    sorted((table / "_delta_log").glob("*.json"))[-1].unlink()


def test_rows_files_and_pages_that_are_lost_are_made_anew_as_they_were(
    finished: SmallProject, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = finished.load().runtime("notes").corpus_folder
    before, releases = _data_versions(finished), sorted(path.name for path in (corpus / "releases").iterdir())
    for name in ("embeddings", "first_pass", "reviewed_labels", "quality_report"):
        shutil.rmtree(corpus / "tables" / name)
    for name in ("raw_index", "labels", "ledger", "subset_comparison"):
        _lose_the_last_entry(corpus / "tables" / name)
    for name in ("releases", "reports", "marts"):
        shutil.rmtree(corpus / name)

    said = finished.run("notes")

    assert "nothing new" not in said
    assert _data_versions(finished) == before
    assert sorted(path.name for path in (corpus / "releases").iterdir()) == releases
    assert (corpus / "reports" / "report.html").is_file()
    assert "is lost and is made anew: its table embeddings is gone" in caplog.text
    assert "nothing new" in finished.run("notes")


def test_a_lost_tree_is_built_anew_with_a_word(finished: SmallProject, caplog: pytest.LogCaptureFixture) -> None:
    corpus = finished.load().runtime("notes").corpus_folder
    shutil.rmtree(corpus / "tables" / "cluster_tree")

    finished.run("notes")

    assert "cluster_tree is lost and is made anew: its table cluster_tree is gone" in caplog.text
    assert "nothing new" in finished.run("notes")


def test_what_was_kept_of_the_methods_and_is_lost_is_measured_anew_with_a_word(
    finished: SmallProject, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(finished.load().runtime("notes").corpus_folder / "learnt")
    write_notes(finished.folder / "source", "august", 40, 9)
    finished.run("notes")
    for kind in ("comparison", "proof"):
        assert f"the {kind} of methods that was kept is lost; it is made anew, over the samples of now" in caplog.text


def test_lost_rows_of_a_batch_that_the_source_no_longer_has_are_never_nothing_new(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    batch = max(batch for step, batch in _data_versions(finished) if step == "embeddings")
    (finished.folder / "source" / batch).unlink()
    for file in (runtime.corpus_folder / "tables" / "embeddings").glob(f"batch={batch}/*.parquet"):
        file.unlink()

    said = "".join(finished.run("notes").split())

    assert f"thesourcenolongerhas{batch}" in said
    assert "putthefilesbacktohavethemagain" in said
    assert "nothingnew" not in said
    assert batch not in {batch for _, batch in _data_versions(finished)}
    assert "nothing new" in finished.run("notes")


@pytest.mark.parametrize("table", ["first_pass", "classifier"])
@pytest.mark.parametrize("lost", ["file", "entry", "table"])
def test_a_step_whose_own_rows_alone_are_lost_makes_them_anew(finished: SmallProject, table: str, lost: str) -> None:
    store = finished.load().runtime("notes").store()
    before = step_versions(store, table)
    if lost == "table":
        shutil.rmtree(store.path(table))
    elif lost == "entry":
        sorted((store.path(table) / "_delta_log").glob("*.json"))[-1].unlink()
    else:
        for path in store.path(table).rglob("*.parquet"):
            path.unlink()
    assert "lost" in finished.run("notes") or step_versions(store, table) != before
    after = step_versions(finished.load().runtime("notes").store(), table)
    # The classifiers before the one in service are lost; everything else is as it was.
    same = table == "first_pass"
    assert {
        key for key, version in after.items() if version.data_version == before[key].data_version or not same
    } == set(before)
    assert store.read(table).num_rows == sum(version.n_rows for version in after.values()) > 0


def test_a_release_that_is_made_anew_is_pinned_at_what_it_stands_on_now(finished: SmallProject) -> None:
    shutil.rmtree(finished.load().runtime("notes").corpus_folder / "releases")
    finished.run("notes")
    found = [finding for finding in check_corpus(finished.load().runtime("notes")) if finding.severity == "error"]
    assert found == []
