"""Which settings of the block `labels` a question has whose answers are no classes.

What an answer of each kind is, is in `data_engine.labeling.answers`.
"""

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field

from data_engine.settings import Settings, Share

OBJECTS = "objects"
"""The kind whose answers are the objects of an image."""

_OF_CLASSES = (
    "out_of_scope", "other", "given", "deciders", "class_names_as_examples", "propose_with", "slices", "gate_per_class",
    "synthesised_share", "renamed", "model",
)  # fmt: skip
"""Settings of `labels` that say something of the class of a whole sample."""


_OF_OBJECTS = ("object_proposals",)
"""Settings of `labels` that say something of the objects of an image."""

_Size = Annotated[float, Field(gt=0, le=2)]


class ObjectProposals(Settings):
    """A grid of points at which `labels.segmenter` is asked for objects that nobody clicked."""

    points_per_side: int = Field(default=8, ge=1, le=64)
    """Points along each side of the image."""
    sizes: tuple[_Size, ...] = Field(default=(0.15, 0.3, 0.5, 0.85), min_length=1, max_length=8)
    """Widths of the boxes that are tried around each point, as shares of the image's shorter side: about those of the
    objects."""
    least_area: Share = 0.002
    """Smallest object, as a share of the image."""
    most_masks: int = Field(default=24, ge=1, le=200)
    """How many masks of an image are looked at closely: those that stand out and that most prompts agree on."""
    most_seconds: float = Field(default=60, gt=0)
    """Seconds for an image; one that takes longer is left to people, without a proposal."""
    carry_frames: int = Field(default=5, ge=0, le=1000)
    """Of source.kind video: answered objects are carried so many frames on and back, as a proposal; 0 for none."""
    least_consistency: Share = 0.5
    """A mask is carried no further where forward and backward flow agree on less of it than this share."""


def check_kind(kind: str, given: Collection[str]) -> None:
    """That a question has no settings that are about answers of the other kind.

    Args:
        kind: Of its answers.
        given: The settings that the YAML gives.

    Raises: ValueError naming the settings that do not fit.
    """
    strays = [name for name in _OF_CLASSES if name in given] if kind == OBJECTS else []
    if kind != OBJECTS and (of_objects := [name for name in _OF_OBJECTS if name in given]):
        raise ValueError(
            f"kind is {kind} and {' and '.join(of_objects)} is about objects in images; remove it, or ask for kind "
            f"{OBJECTS}"
        )
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
