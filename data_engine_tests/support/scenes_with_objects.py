"""A corpus of three images with an agreed object each, of which one is held out, and networks that need no training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawn_objects import drawn_objects
from object_project import scenes_corpus
from written_steps import pass_checks, write_step

from data_engine.corpus import Corpus
from data_engine.labeling.models.promotion import Comparison
from data_engine.labeling.objects.mask_network import TrainedMasks
from data_engine.runtime import media
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.segmentation import to_polygons
from data_engine.segmentation.predictors.network import _fresh, _network

DRAWN = dict(zip("abc", drawn_objects(3), strict=True))


def scenes_with_objects(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """The corpus at work; of its images b is held out."""
    runtime = CorpusRuntime(Corpus.model_validate(scenes_corpus(Path("source"))), folder)
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


def trained_at_once(takes_over: bool, seen: dict[str, Any]) -> object:
    """In the place of `mask_network.train_masks`: a network as it begins, and a verdict."""

    def train_masks(training: Any, held_out: Any, *, in_service: Any, seed: int) -> TrainedMasks:
        seen.update(n=(len(training), len(held_out)), against=in_service.version)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + int(takes_over))
            begun = _fresh().state_dict()
        network = _network({name: value.numpy().copy() for name, value in begun.items()})
        low = 0.1 if takes_over else -0.1
        return TrainedMasks(network, np.ones(1), np.zeros(1), low, 0.2, Comparison(takes_over, "told"))

    return train_masks
