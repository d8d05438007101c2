"""The check gate on a raw index of two samples, of which at most one in twenty may be unreadable."""

from datetime import timedelta
from pathlib import Path

import pytest
from written_steps import NOON, notes_runtime, write_step

from data_engine.errors import ChecksFailed
from data_engine.runtime.check_gate import accepted_batches, require_accepted, run_checks

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
    assert {row["data_version"] for row in kept} == {f"{written.data_version}:{runtime.rules_version}"}
    assert {row["run_id"] for row in kept} == {"asking"}
    # Asked again, the kept verdict counts: nobody checks a second time.
    require_accepted(runtime, store, "raw_index", "may", run_id="again")
    assert {row["run_id"] for row in store.read("check_results").to_pylist()} == {"asking"}


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
