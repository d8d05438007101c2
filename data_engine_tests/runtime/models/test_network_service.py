from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from object_project import scenes_corpus
from onnx.reference import ReferenceEvaluator
from scenes_with_objects import scenes_with_objects, trained_at_once

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.labeling.objects import mask_network
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models.mask_networks import network_versions, segmenter_in_service, train_mask_network
from data_engine.runtime.models.network_service import (
    export_network,
    is_network,
    promote_network,
    rollback_network,
)
from data_engine.runtime.models.promotions import hand_promotions, promotion_inputs
from data_engine.segmentation.predictors.network import N_CHANNELS, SIDE_PX, network_from_bytes

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAID = {"by": "ada", "why": "its edges are better on small ones", "now": NOW}


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """A corpus with two networks, of which the second took over."""
    runtime = scenes_with_objects(tmp_path, monkeypatch)
    for takes_over in (False, True):
        monkeypatch.setattr(mask_network, "train_masks", trained_at_once(takes_over, {}))
        train_mask_network(runtime, now=NOW)
    return runtime


def test_a_network_is_promoted_whatever_was_measured_and_rollbacks_lead_back_to_what_the_yaml_names(
    scenes: CorpusRuntime,
) -> None:
    first, second = (row["network_version"] for row in network_versions(scenes))
    assert is_network(first) and not is_network("0123abcd") and segmenter_in_service(scenes).version == second
    made = promote_network(scenes, first, **SAID)
    assert (made.number, made.classifier_version, made.replaced) == (1, first, second)
    assert segmenter_in_service(scenes).version == first
    with pytest.raises(InvalidInput, match=f"{first} is in service by hand already"):
        promote_network(scenes, first, **SAID)
    assert rollback_network(scenes, **SAID).classifier_version is None
    assert segmenter_in_service(scenes).version == second
    assert rollback_network(scenes, **SAID).classifier_version == "ellipse-1"
    assert segmenter_in_service(scenes).version == "ellipse-1"
    # Those of the models that judge proposals are others, and nothing of theirs is stale.
    assert hand_promotions(scenes.store()) == [] and promotion_inputs(scenes.store()) == {}


def test_what_cannot_be_promoted_or_undone_says_what_there_is(scenes: CorpusRuntime, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no network begins with 'mask-x'; the corpus scenes has mask-network-"):
        promote_network(scenes, "mask-x", **SAID)
    with pytest.raises(InvalidInput, match="--why is empty"):
        promote_network(scenes, network_versions(scenes)[0]["network_version"], by="ada", why=" ", now=NOW)
    none = CorpusRuntime(Corpus.model_validate(scenes_corpus(Path("source"), name="bare")), tmp_path)
    with pytest.raises(InvalidInput, match="has no network yet; data-engine models train-masks --corpus bare"):
        promote_network(none, "mask-", **SAID)
    with pytest.raises(InvalidInput, match="masks are predicted by ellipse-1, which the YAML names"):
        rollback_network(none, **SAID)


def test_a_network_is_written_as_a_file_that_predicts_the_same(scenes: CorpusRuntime, tmp_path: Path) -> None:
    row = export_network(scenes, network_versions(scenes)[1]["network_version"], tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    assert {each.key: each.value for each in model.metadata_props} == {
        "version": row["network_version"],
        "corpus": "scenes",
    }
    x = np.random.default_rng(0).normal(size=(2, N_CHANNELS, SIDE_PX, SIDE_PX)).astype(np.float32)
    (found,) = ReferenceEvaluator(model).run(None, {"image_and_points": x})
    net = network_from_bytes(row["artefact"])
    with torch.inference_mode():
        wanted = torch.sigmoid(net.layers()(torch.from_numpy(x))).numpy()
    assert found.shape == (2, 1, SIDE_PX, SIDE_PX) and found == pytest.approx(wanted, abs=1e-4)
