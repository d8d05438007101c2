from pathlib import Path

from written_steps import keep_version, notes_runtime

from data_engine.runtime.integrity.finding import CheckedCorpus


def test_a_remedy_is_the_backfill_of_the_batch_or_a_backup_and_the_command_that_makes_it_anew(tmp_path: Path) -> None:
    checked = CheckedCorpus(notes_runtime(tmp_path))
    place = Path("/data/a b")
    assert checked.made_anew("raw_index", {"batch": "may 1"}, place) == "data-engine backfill notes --batches 'may 1'"
    moved = "restore '/data/a b' from a backup, or: mv '/data/a b' '/data/a b'.damaged && data-engine "
    assert checked.made_anew("raw_index", None, place) == moved + "backfill notes --batches all"
    assert checked.made_anew("ledger", {"step": "labels", "batch": ""}, place) == moved + "backfill notes --batches all"
    assert checked.made_anew("labels", {}, place) == moved + "run notes"


def test_what_several_checks_read_is_read_of_the_corpus(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    version = keep_version(runtime.store(), "labels")
    checked = CheckedCorpus(runtime)
    assert checked.versions == {("labels", ""): version}
    assert checked.logs["step_versions"].last == 1
    assert checked.pins == {}
    assert checked.shown(runtime.corpus_folder / "pins.json") == "notes/pins.json"
    assert checked.shown(Path("/elsewhere")) == "/elsewhere"
