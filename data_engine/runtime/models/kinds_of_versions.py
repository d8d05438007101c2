"""What versions of the registry have in common, whether they classify samples or judge masks.

Which of them is in service is in `model_versions.py`.
"""

from collections.abc import Mapping
from typing import Any

from data_engine.labeling.objects.object_model import KIND, ObjectModel


def is_of_masks(row: Mapping[str, Any]) -> bool:
    """Whether a row of the schema CLASSIFIER is a model of proposed masks."""
    return bool(row["model"] == KIND)


def class_names_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes that a version knows. Raises: InvalidInput where its artefact is no model."""
    from data_engine.labeling import load_model

    if is_of_masks(row):
        return ObjectModel.from_bytes(row["artefact"]).class_names
    return load_model(row["artefact"]).class_names
