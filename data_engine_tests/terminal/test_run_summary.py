from io import StringIO
from pathlib import Path

from rich.console import Console
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.runtime.changes.run_outcome import Standing, standing_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.run_summary import RunOutcome, newest_release, print_run


def _printed(runtime: CorpusRuntime, outcome: RunOutcome, before: Standing | None = None) -> list[str]:
    console = Console(file=StringIO(), width=160)
    print_run(runtime, outcome, before or Standing(), console)
    assert isinstance(console.file, StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_a_run_that_waits_says_who_has_to_answer_and_what_to_mend(tmp_path: Path) -> None:
    outcome = RunOutcome(quarantined={"may": "unreadable", "june": "empty"}, waiting_for=["notes-round-000"])
    said = _printed(notes_runtime(tmp_path), outcome)
    assert "data-engine review --corpus notes answer notes-round-000" in said
    assert "mend may, june at the source, then data-engine run notes again" in said
    assert 'data-engine sql "select * from first_pass" --corpus notes any table, any SQL model' in said
    assert not any(line.startswith("data-engine why") for line in said)


def test_a_near_duplicate_is_offered_as_an_example_of_why(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    rows = [
        {"sample_id": "1" * 32, "uri": "a", "reason": "too_short"},
        {"sample_id": "2" * 32, "uri": "b", "reason": "near_duplicate"},
    ]
    take_in(runtime, "may", [{"sample_id": row["sample_id"]} for row in rows])
    made_from = {"raw_index": 1}
    judged = pass_checks(runtime, write_step(runtime.store(), "first_pass", rows, "may", table_versions=made_from))
    made_from["first_pass"] = judged.table_version
    pass_checks(runtime, write_step(runtime.store(), "embeddings", [], "may", table_versions=made_from))
    said = _printed(runtime, RunOutcome())
    assert "data-engine why 222222222222 --corpus notes why a near-duplicate was dropped" in said


def test_what_the_steps_did_not_take_of_the_time_was_orchestration(tmp_path: Path) -> None:
    outcome = RunOutcome(seconds={"embeddings": 6.0, "raw_index": 1.0}, total_s=10.0)
    said = _printed(notes_runtime(tmp_path), outcome)
    times = said[said.index("Time") + 1 :][:3]
    assert [line.replace("█", "").split() for line in times] == [
        ["raw", "index", "1.0", "s"],
        ["embeddings", "6.0", "s"],
        ["orchestration", "3.0", "s"],
    ]


def test_the_newest_release_is_the_one_whose_rows_the_table_holds(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert newest_release(runtime) is None
    write_step(runtime.store(), "release", [{"release_id": "ab12"}])
    folder = runtime.corpus_folder / "releases" / "ab12"
    assert newest_release(runtime) == folder
    folder.mkdir(parents=True)
    said = _printed(runtime, RunOutcome())
    assert f"release {folder}" in said
    assert any("select * from balance_by_level" in line for line in said)


def _reported(runtime: CorpusRuntime, **changes: object) -> None:
    report = write_step(runtime.store(), "quality_report", [{"metric": "funnel"}], run_id="an earlier run", **changes)
    pass_checks(runtime, report)


def test_figures_of_an_earlier_report_are_said_to_be_of_it(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    _reported(runtime)
    before = standing_of(runtime)
    at = "The figures below are those of the report of 2026-03-01 12:00 UTC"
    held = RunOutcome(quarantined={"june": "unreadable"})
    assert f"{at}: june is held back." in " ".join(_printed(runtime, held, before))
    # Its code and its inputs are other ones, as where a run waits for answers.
    assert f"{at}: what it is made of has changed since." in " ".join(_printed(runtime, RunOutcome(), before))
    write_step(runtime.store(), "release", [{"release_id": "ab12"}], table_versions={"quality_report": 1})
    assert f"{at}, which the release ab12 is of: june is held back." in " ".join(_printed(runtime, held, before))


def test_figures_of_this_run_are_said_to_be_without_what_is_held_back(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    _reported(runtime)
    said = _printed(runtime, RunOutcome(quarantined={"june": "unreadable"}))
    assert "june is held back: the figures below are without what is new there." in said
    assert not any("figures below" in line for line in _printed(runtime, RunOutcome()))
