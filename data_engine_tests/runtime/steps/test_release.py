import json

from small_project import SmallProject

from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.releases.release_life import Releases
from data_engine.runtime.step_run import execute
from data_engine.storage import pins


def test_the_same_labels_are_the_same_release_whose_manifest_pins_what_it_stands_on(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    (folder,) = (runtime.corpus_folder / "releases").iterdir()
    before = (folder / "data.jsonl").read_bytes()
    _, result = execute(runtime, "release", run_id="again")
    assert result.metadata["release"] == folder.name
    assert (folder / "data.jsonl").read_bytes() == before
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["n_samples"] == result.table.num_rows == before.count(b"\n")
    assert manifest["table_versions"]["labels"] is not None
    assert list(pins(runtime.data_folder, "notes")) == [folder.name]
    ledger = runtime.store().read("ledger", partition={"step": "release"}).to_pylist()
    released = {row["sample_id"] for row in ledger if row["verdict"] == "released"}
    assert released == set(result.table["sample_id"].to_pylist())
    assert {row["reason"] for row in ledger if row["verdict"] == "released"} == {f"release {folder.name}"}


def test_splits_keep_clusters_together_and_are_in_the_files_the_manifest_and_the_card(finished: SmallProject) -> None:
    finished.change("notes", release={"splits": {"train": 0.6, "validation": 0.2, "test": 0.2, "least_cosine": 0.9}})
    runtime = finished.load().runtime("notes")
    _, result = execute(runtime, "release", run_id="split")
    rows = result.table.to_pylist()
    splits_of = {leaf: {row["split"] for row in rows if row["leaf"] == leaf} for leaf in {row["leaf"] for row in rows}}
    assert {len(names) for names in splits_of.values()} == {1}
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    folder = runtime.corpus_folder / "releases" / result.metadata["release"]
    said = json.loads((folder / "manifest.json").read_text("utf-8"))["splits"]
    assert sum(said["samples"].values()) == len(rows)
    assert said["leaks"]["n"] == 0 < said["leaks"]["n_compared"]
    assert "Leak check: 0 of" in (folder / "README.md").read_text("utf-8")
    assert '"split": "' in (folder / "data.jsonl").read_text("utf-8")


def test_another_licence_is_another_release_and_the_former_one_is_the_former_release(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    releases = Releases(runtime)
    first = releases.current().name
    finished.change("notes", release={"licence": "CC0-1.0", "title": "Notes"})
    runtime = finished.load().runtime("notes")
    _, result = execute(runtime, "release", run_id="declared")
    folder = releases.folder / "releases" / result.metadata["release"]
    assert folder.name != first
    assert folder == releases.in_service()
    assert "Licence of the content: CC0-1.0" in (folder / "README.md").read_text("utf-8")
    assert json.loads((folder / "croissant.json").read_text("utf-8"))["license"] == "CC0-1.0"
    assert [list(releases.damage(each)) for each in releases.folders()] == [[], []]
    assert not [each for each in check_corpus(runtime, ["releases"]) if each.severity == "error"]
    otherwise = releases.declared_otherwise(first, folder.name)
    assert otherwise == {"licence": ("unknown", "CC0-1.0"), "title": ("", "Notes")}
    finished.change("notes", release={"licence": None, "title": None})
    _, result = execute(finished.load().runtime("notes"), "release", run_id="back")
    assert (result.metadata["release"], releases.in_service().name) == (first, first)
