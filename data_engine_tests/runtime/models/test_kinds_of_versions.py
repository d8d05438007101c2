import numpy as np

from data_engine.labeling import fit_model
from data_engine.labeling.objects.object_model import KIND, SeenMasks, fit_object_model
from data_engine.runtime.models.kinds_of_versions import class_names_of, is_of_masks


def test_the_classes_of_a_version_are_read_from_its_artefact_whatever_its_kind() -> None:
    model = fit_model("softmax", np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=("a", "b"))
    row = {"model": "softmax", "artefact": model.to_bytes()}
    assert not is_of_masks(row) and class_names_of(row) == ("a", "b")
    rng = np.random.default_rng(0)
    seen = SeenMasks(
        rng.normal(size=(4, 8)).astype(np.float32), np.eye(4, dtype=np.float32), np.eye(4),
        np.array([0.9, 0.9, 0.1, 0.1]), np.array([0, 1, 0, 1]), n_objects=2,
    )  # fmt: skip
    of_masks = {"model": KIND, "artefact": fit_object_model([seen] * 8, ("disc", "square"), seed=0).to_bytes()}
    assert is_of_masks(of_masks) and class_names_of(of_masks) == ("disc", "square")
