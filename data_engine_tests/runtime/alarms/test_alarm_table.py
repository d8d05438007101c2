from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from written_steps import notes_runtime

from data_engine.runtime.alarms.alarm_table import Alarm, alarms_of, keep_alarms


def test_an_alarm_is_kept_once_per_cause_and_changed_in_place(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert alarms_of(runtime, "drift") == {}
    at = datetime(2026, 5, 1, tzinfo=UTC)
    may = Alarm("drift", "may", "may:1", 0.002, 0.01, at, "review batch b")
    other = replace(may, kind="agreement", cause="round 1")
    keep_alarms(runtime, [may, other], run_id="one")
    settled = replace(may, settled_at=at, settled_by="answers")
    june = replace(may, subject="june", cause="june:1", raised_at=at.replace(month=4))
    keep_alarms(runtime, [settled, june], run_id="two")
    assert list(alarms_of(runtime, "drift").values()) == [june, settled]
    assert list(alarms_of(runtime, "agreement")) == ["round 1"]
