"""The check gate on a raw index of two samples, of which at most one in twenty may be unreadable."""

from datetime import timedelta
from pathlib import Path

import pytest
from schema_tables import table
from written_steps import NOON, notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import ChecksFailed
from data_engine.runtime.check_gate import CheckGate, accepted_batches, accepted_tables, require_accepted, run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import StepVersion

READABLE = {"sample_id": "a", "uri": "a", "source_id": "1", "metadata": "{}"}
UNREADABLE = {"sample_id": "b", "uri": "b", "source_id": "2", "metadata": "{}", "is_readable": False, "error": "NUL"}
NO_OBJECT = {"sample_id": "c", "uri": "c", "source_id": "3", "metadata": "[]"}


def test_a_batch_that_does_not_exist_is_answered_with_what_to_materialize(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    with pytest.raises(ChecksFailed, match="notes/raw_index of batch 'may' does not exist yet; materialize it first"):
        require_accepted(runtime, runtime.store(), "raw_index", "may", run_id="run")
    with pytest.raises(ChecksFailed, match="notes/balanced_subset does not exist yet; materialize it before checking"):
        run_checks(runtime, runtime.store(), "balanced_subset", "", run_id="run")


def test_a_sound_batch_is_accepted_and_the_verdict_kept_with_its_rows_and_rules(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    written = write_step(store, "raw_index", [READABLE], "may")
    assert require_accepted(runtime, store, "raw_index", "may", run_id="asking") == written
    kept = store.read("check_results", partition={"step": "raw_index", "batch": "may"}).to_pylist()
    assert {row["check"]: row["passed"] for row in kept} == {
        "has_samples": True,
        "unreadable_share_within_limit": True,
        "no_file_breaks_off": True,
        "every_source_id_is_unique": True,
        "every_uri_is_unique": True,
        "every_metadata_is_an_object": True,
    }
    assert {row["data_version"] for row in kept} == {f"{written.data_version}:{runtime.rules_version(written.step)}"}
    assert {row["run_id"] for row in kept} == {"asking"}
    # Asked again, the kept verdict counts: nobody checks a second time.
    require_accepted(runtime, store, "raw_index", "may", run_id="again")
    assert {row["run_id"] for row in store.read("check_results").to_pylist()} == {"asking"}


def test_a_plan_and_the_run_after_it_judge_the_same_rows_once_and_a_recheck_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = notes_runtime(tmp_path)
    store, judge, judged = runtime.store(), CheckGate.judge, []
    monkeypatch.setattr(CheckGate, "judge", lambda gate, version: judged.append(version) or judge(gate, version))
    written = write_step(store, "raw_index", [READABLE], "may")
    for _ in range(2):
        assert CheckGate(runtime, store, "plan", keeps_verdicts=False).accepted("raw_index") == {"may": written}
    assert store.read("check_results").num_rows == 0
    require_accepted(runtime, store, "raw_index", "may", run_id="run")
    assert store.read("check_results").num_rows > 0
    assert judged == [written]
    run_checks(runtime, store, "raw_index", "may", run_id="recheck")
    assert judged == [written, written]


def test_a_failed_blocking_check_holds_back_its_own_batch_only_and_a_warning_none(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    write_step(store, "raw_index", [READABLE, UNREADABLE], "may")
    june = write_step(store, "raw_index", [NO_OBJECT], "june")
    accepted, held = accepted_batches(runtime, store, "raw_index", run_id="run")
    assert accepted == {"june": june}
    assert list(held) == ["may"]
    assert held["may"].startswith(
        "notes/raw_index of batch 'may' is held back by its checks (unreadable_share_within_limit: unreadable samples: "
        "1 of 2 (50.0%)"
    )
    assert held["may"].endswith("mend the cause and materialize it again")
    with pytest.raises(ChecksFailed, match=r"1 of 2 \(50.0%\)"):
        require_accepted(runtime, store, "raw_index", "may", run_id="run")


def test_a_verdict_counts_for_the_very_rows_and_limits_that_it_was_given_for(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    write_step(store, "raw_index", [READABLE, UNREADABLE], "may")
    assert accepted_batches(runtime, store, "raw_index", run_id="run")[0] == {}
    patient = notes_runtime(tmp_path, first_pass={"max_unreadable_share": 0.5})
    assert list(accepted_batches(patient, store, "raw_index", run_id="run")[0]) == ["may"]
    write_step(store, "raw_index", [READABLE], "may", written_at=NOON + timedelta(hours=1))
    assert list(accepted_batches(runtime, store, "raw_index", run_id="run")[0]) == ["may"]


def _gate(runtime: CorpusRuntime) -> CheckGate:
    return CheckGate(runtime, runtime.store(), "run")


def _deliver_again(runtime: CorpusRuntime, step: str, batch: str, rows: list[dict[str, object]]) -> StepVersion:
    """Write a partition as a run of its step does: what was accepted is kept before it is replaced."""
    _gate(runtime).keep_accepted(step, batch)
    return write_step(runtime.store(), step, rows, batch)


def test_what_was_accepted_of_a_batch_stays_open_when_its_next_delivery_is_held_back(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    first = take_in(runtime, "may", [{"sample_id": "a", "text": "accepted"}])
    _deliver_again(runtime, "raw_index", "may", [{**READABLE, "text": "refused"}, UNREADABLE])
    accepted, held = _gate(runtime).sorted_out("raw_index")
    assert accepted == {"may": first["raw_index"]}
    assert held["may"].startswith("notes/raw_index of batch 'may' is held back by its checks (")
    # What was made from it is open too, and reads the rows that it was made from.
    assert _gate(runtime).accepted("embeddings") == {"may": first["embeddings"]}
    read = accepted_tables(runtime, run_id="run").read("raw_index", columns=["text"])
    assert read.to_pylist() == [{"text": "accepted"}]
    with pytest.raises(ChecksFailed, match="'may' is held back by its checks"):
        _gate(runtime).require("raw_index", "may")


def test_rows_that_nobody_judged_are_not_read(tmp_path: Path) -> None:
    """A run that is killed between a table and its version leaves rows that no check has seen."""
    runtime = notes_runtime(tmp_path)
    first = take_in(runtime, "may", [{"sample_id": "a", "text": "judged"}])
    unjudged = table("raw_index", [{"sample_id": "b", "batch": "may"}])
    runtime.store().write("raw_index", unjudged, partition={"batch": "may"}, run_id="killed", code_version="c1")
    tables = accepted_tables(runtime, run_id="run")
    assert tables.read("raw_index", columns=["sample_id"]).to_pylist() == [{"sample_id": "a"}]
    assert tables.read("raw_index", columns=["sample_id"], batch="may").to_pylist() == [{"sample_id": "a"}]
    assert _gate(runtime).require("raw_index", "may") == first["raw_index"]


def test_a_batch_is_open_only_when_every_step_before_it_is(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    versions = take_in(runtime, "may", [{"sample_id": "a"}])
    take_in(runtime, "june", [{"sample_id": "b"}])
    pass_checks(runtime, versions["raw_index"], passed=False)
    assert list(_gate(runtime).accepted("embeddings")) == ["june"]
    with pytest.raises(ChecksFailed, match="notes/embeddings of batch 'may' was made from what is held back since: "):
        _gate(runtime).require("embeddings", "may")
    assert accepted_tables(runtime, run_id="run").read("embeddings")["sample_id"].to_pylist() == ["b"]


def test_an_earlier_version_is_held_against_the_rules_of_today(tmp_path: Path) -> None:
    patient = notes_runtime(tmp_path, first_pass={"max_unreadable_share": 0.5})
    earlier = write_step(patient.store(), "raw_index", [READABLE, UNREADABLE], "may")
    assert _gate(patient).accepted("raw_index") == {"may": earlier}
    _deliver_again(patient, "raw_index", "may", [READABLE, READABLE])
    assert _gate(patient).accepted("raw_index") == {"may": earlier}
    strict = notes_runtime(tmp_path)
    assert _gate(strict).accepted("raw_index") == {}
    assert _gate(patient).accepted("raw_index") == {"may": earlier}


def test_what_was_never_accepted_is_not_kept_as_accepted(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [READABLE, UNREADABLE], "may")
    assert _gate(runtime).accepted("raw_index") == {}
    _deliver_again(runtime, "raw_index", "may", [READABLE, READABLE])
    assert _gate(runtime).accepted("raw_index") == {}
    assert not runtime.store().exists("accepted_versions")


def test_a_table_without_partitions_that_is_held_back_has_no_earlier_version_for_its_readers(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    pass_checks(runtime, write_step(runtime.store(), "balanced_subset", [{"sample_id": "a"}]))
    again = _deliver_again(runtime, "balanced_subset", "", [{"sample_id": "b"}])
    pass_checks(runtime, again, passed=False)
    with pytest.raises(ChecksFailed, match="notes/balanced_subset is held back by its checks"):
        accepted_tables(runtime, run_id="run").read("balanced_subset")
