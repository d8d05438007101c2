"""Which settings of the block `labels` a question has whose answers are no classes.

What an answer of each kind is, is in `data_engine.labeling.answers`.
"""

from collections.abc import Collection
from typing import Any

OBJECTS = "objects"
"""The kind whose answers are the objects of an image."""

_OF_CLASSES = (
    "out_of_scope", "other", "given", "deciders", "class_names_as_examples", "propose_with", "slices", "gate_per_class",
    "synthesised_share", "renamed", "model",
)  # fmt: skip
"""Settings of `labels` that say something of the class of a whole sample."""


def check_kind(kind: str, given: Collection[str]) -> None:
    """That a question of objects has no settings that are about the class of a whole image.

    Args:
        kind: Of its answers.
        given: The settings that the YAML gives.

    Raises: ValueError naming the settings that do not fit.
    """
    strays = [name for name in _OF_CLASSES if name in given] if kind == OBJECTS else []
    if strays:
        raise ValueError(
            f"kind is {kind} and {' and '.join(strays)} {'is' if len(strays) == 1 else 'are'} about the class of a "
            f"whole sample; remove {'it' if len(strays) == 1 else 'them'}, or ask for kind class"
        )


def check_modality(labels: Any, *, is_of_images: bool) -> None:
    """That a question, the block `labels`, can be asked of texts, or of images.

    Raises: ValueError naming the setting that does not fit.
    """
    if is_of_images and any(decider.patterns for decider in labels.deciders):
        raise ValueError(
            "labels.deciders has patterns, which are searched for in texts, but modality is image; remove them"
        )
    if not is_of_images and labels.synthesised_share:
        raise ValueError("labels.synthesised_share asks about changed images, but modality is text; remove it")
    if is_of_images and labels.class_names_as_examples:
        raise ValueError(
            "labels.class_names_as_examples has the encoder embed names, which are texts, but modality is image; "
            "remove it"
        )
    if not is_of_images and labels.kind == OBJECTS:
        raise ValueError(f"labels.kind is {OBJECTS}, but modality is text; set modality: image, or ask for kind class")


def check_alone(kind: str) -> None:
    """That this kind of question can be one of several.

    Raises: ValueError for objects, for which a release has no room beside other questions.
    """
    if kind == OBJECTS:
        raise ValueError(
            f"kind is {kind}, and a release has no room for objects beside other questions; give this question a "
            "corpus of its own"
        )
