import json

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from data_engine.labeling.objects.mask_files import object_model_bytes
from data_engine.labeling.objects.object_model import SeenMasks, fit_object_model


def test_the_file_judges_masks_as_the_model_does() -> None:
    rng = np.random.default_rng(0)
    images = []
    for _ in range(12):
        is_object = np.arange(5) < 2
        features = rng.normal(size=(5, 8)).astype(np.float32)
        features[:, 0] += 2 * is_object
        vectors = rng.normal(size=(5, 6)).astype(np.float32) * 0.2
        vectors[:, 0] += is_object
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        classes = np.arange(5) % 2
        images.append(SeenMasks(features, vectors, np.eye(5), np.where(is_object, 0.9, 0.1), classes, n_objects=2))
    model = fit_object_model(images, ("disc", "square"), seed=0)
    made = onnx.load_from_string(object_model_bytes(model, told={"corpus": "scenes"}))
    texts = {each.key: each.value for each in made.metadata_props}
    assert (json.loads(texts["class_names"]), texts["corpus"]) == (["disc", "square", ""], "scenes")
    assert texts["version"] == model.version and float(texts["least_certainty"]) == model.least_certainty
    seen = images[0]
    certainty, probabilities = ReferenceEvaluator(made).run(
        None, {"features": seen.features, "embeddings": seen.vectors}
    )
    wanted, classes = model.judged(seen)
    assert certainty == pytest.approx(wanted, abs=1e-4)
    assert probabilities[:, :-1].argmax(axis=1).tolist() == classes.tolist()
