import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from drawn_objects import drawn_objects
from object_project import scenes_corpus
from written_steps import notes_runtime, pass_checks, write_step

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.labeling.models.promotion import Comparison
from data_engine.labeling.objects import mask_network
from data_engine.labeling.objects.mask_network import TrainedMasks
from data_engine.runtime import media
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models.mask_networks import segmenter_in_service, train_mask_network
from data_engine.segmentation import to_polygons
from data_engine.segmentation.predictors.network import train_network

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DRAWN = dict(zip("abc", drawn_objects(3), strict=True))


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """A corpus with an agreed object in each of three images, of which one is held out."""
    runtime = CorpusRuntime(Corpus.model_validate(scenes_corpus(Path("source"))), tmp_path)
    rows = []
    for name, one in DRAWN.items():
        polygons = [ring.tolist() for ring in to_polygons(one.mask)]
        answer = {"size": list(one.mask.shape), "objects": [{"class": "disc", "polygons": polygons}]}
        rows.append({"sample_id": name, "answer": json.dumps(answer), "n_annotations": 1, "provenance": "human"})
    pass_checks(runtime, write_step(runtime.store(), "labels", rows))
    asked = [{"sample_id": name, "purpose": "hold_out" if name == "b" else "query"} for name in DRAWN]
    asked = [{**row, "annotation_id": row["sample_id"], "task_id": row["sample_id"]} for row in asked]
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", asked, "one"))
    monkeypatch.setattr(media, "whole_images", lambda _, __: [(name, DRAWN[name].image) for name in "cab"])
    return runtime


def _trained(takes_over: bool, seen: dict) -> object:
    def train_masks(training, held_out, *, in_service, seed) -> TrainedMasks:
        seen.update(n=(len(training), len(held_out)), against=in_service.version)
        network = train_network([*training, *held_out] * 3, seed=seed, n_rounds=1)
        low = 0.1 if takes_over else -0.1
        return TrainedMasks(network, np.ones(1), np.zeros(1), low, 0.2, Comparison(takes_over, "told"))

    return train_masks


def test_a_network_is_kept_and_predicts_once_it_took_over(scenes: CorpusRuntime, monkeypatch) -> None:
    seen: dict = {}
    monkeypatch.setattr(mask_network, "train_masks", _trained(False, seen))
    assert train_mask_network(scenes, now=NOW) == (False, "told")
    assert seen == {"n": (2, 1), "against": "ellipse-1"}
    assert segmenter_in_service(scenes).version == "ellipse-1"
    monkeypatch.setattr(mask_network, "train_masks", _trained(True, seen))
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


def test_a_corpus_of_classes_has_no_masks(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="corpus notes asks for classes"):
        train_mask_network(notes_runtime(tmp_path), now=NOW)
