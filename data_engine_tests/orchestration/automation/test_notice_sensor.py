"""The sensor of notices: there where somebody is to be told, and it launches nothing."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from notice_servers import hook_server
from written_steps import notes_runtime

from data_engine.orchestration.automation.notice_sensor import notice_sensors
from data_engine.review import NewTask


def test_there_is_none_where_nobody_is_told(tmp_path: Path) -> None:
    assert notice_sensors(notes_runtime(tmp_path)) == []
    assert notice_sensors(notes_runtime(tmp_path, review={"notices": {}})) == []
    assert notice_sensors(notes_runtime(tmp_path, labels=None, review={"notices": {"webhook": {}}})) == []


def test_a_tick_sends_what_has_happened_and_skips_with_what_it_did(tmp_path: Path, monkeypatch, instance) -> None:
    runtime = notes_runtime(tmp_path, review={"notices": {"webhook": {}}})
    (sensor,) = notice_sensors(runtime)
    assert (sensor.name, sensor.default_status) == ("notes_review_notices", dg.DefaultSensorStatus.RUNNING)
    with runtime.queue() as queue:
        asked = {"corpus": "notes", "question": "?", "classes": ["baking", "trains"], "cause": "c"}
        queue.open_batch("one", tasks=[NewTask("s0", "query", "manual")], now=datetime.now(UTC), **asked)
    with hook_server() as hook:
        monkeypatch.setenv("DATA_ENGINE_WEBHOOK_URL", hook.url)
        monkeypatch.setenv("DATA_ENGINE_WEBHOOK_SECRET", "correct horse battery")
        said = sensor(dg.build_sensor_context(instance))
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "1 notices sent, 0 attempts failed"
    assert hook.bodies()[0]["event"] == "review_batch.opened"
