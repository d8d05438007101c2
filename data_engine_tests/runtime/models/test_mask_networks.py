from datetime import UTC, datetime
from pathlib import Path

import pytest
from object_project import scenes_corpus
from scenes_with_objects import scenes_with_objects, trained_at_once
from written_steps import notes_runtime

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.labeling.objects import mask_network
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models.mask_networks import segmenter_in_service, train_mask_network, why_train

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    return scenes_with_objects(tmp_path, monkeypatch)


def test_a_network_is_kept_and_predicts_once_it_took_over(scenes: CorpusRuntime, monkeypatch) -> None:
    seen: dict = {}
    monkeypatch.setattr(mask_network, "train_masks", trained_at_once(False, seen))
    assert train_mask_network(scenes, now=NOW) == (False, "told")
    assert (seen["n"], seen["against"]) == ((2, 1), "ellipse-1")
    assert segmenter_in_service(scenes).version == "ellipse-1"
    monkeypatch.setattr(mask_network, "train_masks", trained_at_once(True, seen))
    assert train_mask_network(scenes, now=NOW) == (True, "told")
    rows = scenes.store().read("mask_networks").to_pylist()
    assert [(row["number"], row["took_over"], row["n_training"], row["n_held_out"]) for row in rows] == [
        (1, False, 2, 1),
        (2, True, 2, 1),
    ]
    assert rows[0]["objects_version"] == rows[1]["objects_version"] and rows[1]["n_simulated"] == 0
    found = segmenter_in_service(scenes)
    assert found.version == rows[1]["network_version"] and found.takes_clicks
    # It was better than the ellipse; what it is beside another segmenter nobody knows.
    attributes = scenes_corpus(Path("source"))
    other = {**attributes, "labels": {**attributes["labels"], "segmenter": "octagon"}}
    changed = CorpusRuntime(Corpus.model_validate(other), scenes.project_folder)
    assert segmenter_in_service(changed).version == "octagon-1"


def test_a_network_is_due_once_there_are_enough_objects_and_again_with_a_fifth_more(
    scenes: CorpusRuntime, monkeypatch
) -> None:
    said, version = why_train(scenes)
    assert version is None
    assert said == (
        "2 reviewed objects outside the hold-out and 1 of it are there; 40 and 20 are needed for the next network"
    )
    monkeypatch.setattr(mask_network, "FEWEST_TRAINING", 2)
    monkeypatch.setattr(mask_network, "FEWEST_HELD_OUT", 1)
    assert why_train(scenes) == ("2 reviewed objects outside the hold-out and 1 of it", "0:2")
    monkeypatch.setattr(mask_network, "train_masks", trained_at_once(False, {}))
    train_mask_network(scenes, now=NOW)
    said, version = why_train(scenes)
    assert version is None and "3 and 1 are needed for the next network" in said


def test_a_corpus_of_classes_has_no_masks(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="corpus notes asks for classes"):
        train_mask_network(notes_runtime(tmp_path), now=NOW)
