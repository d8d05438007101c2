"""Checks that failed are made again, and only those."""

from pathlib import Path

from written_steps import notes_runtime, pass_checks, take_in

from data_engine.runtime.amendments.rechecking import recheck
from data_engine.runtime.check_gate import CheckGate


def test_a_check_that_failed_is_made_again_and_its_new_verdict_counts(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    # What is a verdict on vectors of two values; all of it is sound.
    versions = take_in(runtime, "may", [{"sample_id": "a", "text": "about a"}])
    pass_checks(runtime, versions["embeddings"], passed=False)
    gate = CheckGate(runtime, runtime.store(), "before")
    assert "is held back by its checks" in gate.refusal(versions["embeddings"])
    found = recheck(runtime, run_id="a test")
    # The check that failed is none of the suite any more, so nothing fails.
    assert [each.sentence for each in found] == []
    assert CheckGate(runtime, runtime.store(), "after").refusal(versions["embeddings"]) == ""
    assert recheck(runtime, run_id="a test") == []


def test_a_check_that_still_fails_says_so_with_its_place(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    rows = [{"sample_id": name, "text": None, "is_readable": False} for name in "ab"]
    versions = take_in(runtime, "may", rows)
    CheckGate(runtime, runtime.store(), "before").judge_and_keep(versions["raw_index"])
    found = recheck(runtime, run_id="a test")
    (failing,) = [each for each in found if each.check == "unreadable_share_within_limit"]
    assert not failing.passes
    assert failing.sentence.startswith("still fails  raw_index of may: unreadable_share_within_limit: ")
