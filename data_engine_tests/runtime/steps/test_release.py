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
