from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, write_step

from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.amendments.forgotten_samples import forgetting_of
from data_engine.runtime.amendments.unfinished_forgetting import (
    UnfinishedForgetting,
    begin_forgetting,
    end_forgetting,
    refuse_unfinished,
    unfinished_forgetting,
)
from data_engine.runtime.step_run import execute

_EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def test_what_was_broken_off_is_kept_refused_and_taken_up_by_the_next_forgetting(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [{"sample_id": key, "uri": key} for key in "abc"], "may")
    refuse_unfinished(runtime)
    begun = UnfinishedForgetting(("a", "b"), "they asked", ("april",), _EARLY.isoformat())
    begin_forgetting(runtime, begun)
    assert unfinished_forgetting(runtime) == begun
    with pytest.raises(InvalidInput, match="2 samples of corpus notes was broken off; finish it first: data-engine"):
        refuse_unfinished(runtime)
    planned = forgetting_of(runtime, ["c"])
    assert planned.sample_ids == ("a", "b", "c")
    assert planned.told()[0] == "2 of them are those of a forgetting that was broken off"
    # What the killed one knew of the time before is not in the tables any more.
    assert planned.kept.arrived_at == _EARLY
    assert planned.gone == ("april", "may")
    end_forgetting(runtime)
    assert unfinished_forgetting(runtime) is None
    assert forgetting_of(runtime, ["c"]).sample_ids == ("c",)


def test_a_record_that_cannot_be_read_names_the_way_on(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    begin_forgetting(runtime, UnfinishedForgetting(("a",), "", (), ""))
    (runtime.corpus_folder / "forgetting.json").write_text("{", "utf-8")
    with pytest.raises(StorageError, match="delete that file and forget the samples"):
        refuse_unfinished(runtime)


def test_no_step_runs_until_it_is_finished_whoever_starts_it(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    begin_forgetting(runtime, UnfinishedForgetting(("a",), "they asked", (), ""))
    with pytest.raises(InvalidInput, match="finish it first: data-engine forget a --corpus notes"):
        execute(runtime, "first_pass", "may", run_id="from the UI")
