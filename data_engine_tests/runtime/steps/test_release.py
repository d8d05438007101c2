import json

from small_project import SmallProject

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
