"""Which settings a corpus has of its modality, and a question of the kind of its answers.

What an answer of each kind is, is in `data_engine.labeling.answers`; what a sample is, in `data_engine.modalities`.
"""

from collections.abc import Collection, Mapping
from importlib.util import find_spec
from typing import Annotated, Any

from pydantic import Field, model_validator

from data_engine.modalities import Modality, find_modality, modality_names
from data_engine.settings import Settings, Share

_PAIRS = "pairs/"
"""How the name of an encoder of pairs begins; see `data_engine.embedding.pairs`."""

OBJECTS = "objects"
"""The kind whose answers are the objects of an image."""

_OF_CLASSES = (
    "out_of_scope", "other", "given", "deciders", "class_names_as_examples", "propose_with", "slices", "gate_per_class",
    "synthesised_share", "renamed", "model",
)  # fmt: skip
"""Settings of `labels` that say something of the class of a whole sample."""


_OF_OBJECTS = ("object_proposals",)
"""Settings of `labels` that say something of the objects of an image."""

#: Rules that learn from examples, and the block under `first_pass` that names them.
EXAMPLES = {"perplexity": "junk", "content_share": "page_content"}

_Size = Annotated[float, Field(gt=0, le=2)]


class PairMix(Settings):
    """In which shares an image and its caption count; together 1."""

    image: Share = 0.5
    """Weight of the cosine of two images."""
    text: Share = 0.5
    """Weight of the cosine of their captions."""

    @model_validator(mode="after")
    def _is_whole(self) -> "PairMix":
        if abs(self.image + self.text - 1) > 1e-6:
            raise ValueError(
                f"mix has image {self.image:g} and text {self.text:g}, together {self.image + self.text:g}; shares add "
                f"up to 1, such as image {self.image:g} and text {1 - self.image:g}"
            )
        return self


class PairEmbedding(Settings):
    """How the embeddings of image and caption become one; of modality image_text alone."""

    mix: PairMix = PairMix()


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


def check_packages(samples: Modality) -> None:
    """That what a modality needs is installed.

    Raises: ValueError naming the extra.
    """
    missing = [name for name in samples.packages if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"modality {samples.name} needs {' and '.join(missing)}, which is not installed; install the extra with "
            f"pip install 'data-engine[{samples.extra}]'"
        )


def check_modality(labels: Any, samples: Modality) -> None:
    """That a question, the block `labels`, can be asked of the samples of a modality.

    Raises: ValueError naming the setting that does not fit.
    """
    name = samples.name
    if not samples.has_patterns and any(decider.patterns for decider in labels.deciders):
        raise ValueError(
            f"labels.deciders has patterns, which are searched for in texts, but modality is {name}; remove them"
        )
    if not samples.can_change and labels.synthesised_share:
        raise ValueError(f"labels.synthesised_share asks about changed images, but modality is {name}; remove it")
    if not samples.has_patterns and labels.class_names_as_examples:
        raise ValueError(
            "labels.class_names_as_examples has the encoder embed names, which are texts, but modality is "
            f"{name}; remove it"
        )
    if labels.kind not in samples.answers:
        raise ValueError(
            f"labels.kind is {labels.kind}, but modality is {name}; set modality: image, or ask for kind class"
        )


def check_alone(kind: str) -> None:
    """That this kind of question can be one of several.

    Raises: ValueError for objects, for which a release has no room beside other questions.
    """
    if kind == OBJECTS:
        raise ValueError(
            f"kind is {kind}, and a release has no room for objects beside other questions; give this question a "
            "corpus of its own"
        )


def first_pass_schema(samples: Modality) -> dict[str, Any]:
    """JSON schema of the block `first_pass` of a corpus of this modality."""
    from data_engine.filtering.rules.registry import names_schema

    fits = {rule: block for rule, block in EXAMPLES.items() if block in samples.examples}
    strays = {block: {"type": "null"} for block in EXAMPLES.values() if block not in samples.examples}
    return {
        "properties": {**names_schema(samples.name), **strays},
        "allOf": [_needs_examples(rule, block) for rule, block in fits.items()],
    }


def _needs_examples(rule: str, block: str) -> dict[str, Any]:
    """Schema of a first pass that limits the rule only where it has the block."""
    limited = {"required": [rule], "properties": {rule: {"type": "number"}}}
    return {"if": {"required": ["rules"], "properties": {"rules": limited}}, "then": {"required": [block]}}


def _with_mix(value: dict[str, Any], samples: Modality) -> dict[str, Any]:
    """A description whose encoder says in which shares the parts of pairs count.

    Raises: ValueError for shares of samples that have one part.
    """
    given = value.get("embedding")
    if not (samples.holds_text and samples.is_read_again):
        if given is not None:
            raise ValueError(
                f"embedding.mix weighs the two parts of pairs, but modality is {samples.name}; remove embedding"
            )
        return value
    share = f"{(PairEmbedding() if given is None else PairEmbedding.model_validate(given)).mix.image:g}"
    encoder = str(value["encoder"])
    if encoder.startswith(_PAIRS):
        said, _, encoder = encoder.removeprefix(_PAIRS).partition("/")
        share = said if given is None else share
    return {**value, "encoder": f"{_PAIRS}{share}/{encoder}"}


def modality_meanings() -> dict[str, str]:
    """The modalities there are, and what a sample of each is."""
    return {name: find_modality(name).sample for name in modality_names()}


def filled_in(value: Any) -> Any:
    """A description with what its modality sets where it says nothing, and the mix of its embeddings in its encoder."""
    name = value.get("modality", "text") if isinstance(value, dict) else None
    if name not in modality_names():
        return value
    samples = find_modality(name)
    return _with_mix(_with_defaults(value, samples.defaults), samples)


def _with_defaults(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A description with what a modality sets where it says nothing, in its blocks too."""
    filled = {**defaults, **value}
    for name, default in defaults.items():
        if isinstance(default, Mapping):
            given = value.get(name, {})
            filled[name] = {**default, **given} if isinstance(given, dict) else given
    return filled
