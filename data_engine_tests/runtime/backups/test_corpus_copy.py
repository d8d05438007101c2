import json
from pathlib import Path

from written_steps import notes_runtime, write_step

from data_engine.runtime.backups import corpus_copy
from data_engine.runtime.backups.corpus_copy import copy_corpus
from data_engine.storage import TableStore, pin
from data_engine.storage.retention import pin_nothing


def test_tables_are_copied_up_to_what_the_steps_say_with_the_pins_of_releases_that_fit(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    write_step(store, "labels", [{"sample_id": "a"}])
    for name, version in (("aa", 1), ("bb", 9)):
        folder = runtime.corpus_folder / "releases" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"table_versions": {"labels": version}}))
        pin(store.root, "notes", name, {"labels": version})
    (runtime.corpus_folder / "command.lock").touch()
    (runtime.corpus_folder / "reports").mkdir()
    (runtime.corpus_folder / "reports" / ".report.html.x.tmp").touch()
    copied = copy_corpus(runtime, tmp_path / "to")
    names = {path.relative_to(tmp_path / "to" / "notes").as_posix() for path in copied}
    assert {name for name in names if not name.startswith("tables/")} == {"pins.json", "releases/aa/manifest.json"}
    assert '"bb"' not in (tmp_path / "to" / "notes" / "pins.json").read_text()
    assert TableStore(tmp_path / "to", "notes").read("labels").equals(store.read("labels"))


def test_releases_from_before_a_forgetting_stand_on_no_tables_and_are_copied(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "labels", [{"sample_id": "a"}])
    folder = runtime.corpus_folder / "releases" / "aa"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"table_versions": {"labels": 9}}))
    pin_nothing(runtime.store().root, "notes", ["aa"])
    copied = copy_corpus(runtime, tmp_path / "to")
    assert tmp_path / "to" / "notes" / "releases" / "aa" / "manifest.json" in copied


def test_rows_that_no_step_has_finished_are_waited_for_and_copied_at_last(tmp_path: Path, monkeypatch) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    version = write_step(store, "labels", [{"sample_id": "a"}])
    waited: list[float] = []

    def finish_the_step(seconds: float) -> None:
        waited.append(seconds)
        write_step(store, "labels", [{"sample_id": "b"}])

    store.write("labels", store.read("labels"), run_id="other", code_version="c")
    monkeypatch.setattr(corpus_copy.time, "sleep", finish_the_step)
    copy_corpus(runtime, tmp_path / "to")
    assert len(waited) == 1
    assert TableStore(tmp_path / "to", "notes").version("labels") == version.table_version + 2
