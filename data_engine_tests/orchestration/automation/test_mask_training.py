from pathlib import Path

import dagster as dg
import pytest
from scenes_with_objects import scenes_with_objects, trained_at_once

from data_engine.labeling.objects import mask_network
from data_engine.orchestration.automation.jobs import build_jobs
from data_engine.orchestration.automation.mask_training import mask_trainer, train_masks_job
from data_engine.orchestration.automation.sensors import build_sensors
from data_engine.runtime.models.mask_networks import network_versions


def test_a_corpus_of_objects_trains_networks_in_a_job_that_a_sensor_requests_when_one_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = scenes_with_objects(tmp_path, monkeypatch)
    assert "scenes_train_masks" in {job.name for job in build_jobs(runtime)}
    assert "scenes_mask_trainer" in {sensor.name for sensor in build_sensors(runtime)}
    sensor = mask_trainer(runtime)
    with dg.build_sensor_context() as context:
        (skipped,) = [sensor(context)]
    assert isinstance(skipped, dg.SkipReason) and "40 and 20 are needed" in str(skipped.skip_message)
    monkeypatch.setattr(mask_network, "FEWEST_TRAINING", 2)
    monkeypatch.setattr(mask_network, "FEWEST_HELD_OUT", 1)
    with dg.build_sensor_context() as context:
        (asked,) = [sensor(context)]
    assert isinstance(asked, dg.RunRequest) and asked.run_key == "masks:0:2"
    monkeypatch.setattr(mask_network, "train_masks", trained_at_once(True, {}))
    assert train_masks_job(runtime).execute_in_process().success
    assert [row["took_over"] for row in network_versions(runtime)] == [True]
