"""Micro-models by name: `MODELS` is the only list of them, `fit_model` trains one, `load_model` reads one.

What every one of them promises is in `micro_model.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data_engine.errors import InvalidInput
from data_engine.labeling.classifier import Classifier, fit_softmax
from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.models.adapted import AdaptedModel, fit_adapted
from data_engine.labeling.models.micro_model import Examples, MicroModel, examples_of, opened
from data_engine.labeling.models.mlp import Mlp, fit_mlp
from data_engine.labeling.models.neighbours import NeighbourModel, fit_neighbours

DEFAULT_MODEL = "softmax"


@dataclass(frozen=True)
class ModelKind:
    """A kind of micro-model: what it is, how it is trained, and the class that reads it again."""

    meaning: str
    """What it is, as the corpus' schema says it."""
    fit: Callable[[Examples, int], MicroModel]
    """Examples and a seed to a model that is not calibrated; the same give the same."""
    model: type[MicroModel]


#: Every kind of micro-model, by its name in the corpus' description. To add one: a module with a `MicroModel`, and an
#: entry here; the tests of this module then cover it.
MODELS: dict[str, ModelKind] = {
    DEFAULT_MODEL: ModelKind("a softmax layer, beside which the nearest samples vote", fit_softmax, Classifier),
    Mlp.kind: ModelKind("a network with one hidden layer and dropout", fit_mlp, Mlp),
    NeighbourModel.kind: ModelKind("the vote of the nearest samples alone", fit_neighbours, NeighbourModel),
    AdaptedModel.kind: ModelKind(
        "as softmax, on embeddings moved by a last layer that is trained with it", fit_adapted, AdaptedModel
    ),
}


def fit_model(
    kind: str, embeddings: Floats, labels: Integers, *, seed: int, n_classes: int, class_names: Sequence[str] = ()
) -> MicroModel:
    """Train a micro-model.

    Args:
        kind: a key of `MODELS`.
        embeddings: (n, dim) unit rows.
        labels: (n,) class numbers; classes may be missing.
        seed: of everything random.
        n_classes: columns of the probabilities.
        class_names: names of the columns, kept with the model; none when empty.

    Returns: the model, not calibrated.
    Raises: NotEnoughData without samples, InvalidInput for an unknown kind, wrong shapes, class numbers or count of
        names.
    """
    return find_model(kind).fit(examples_of(embeddings, labels, n_classes=n_classes, class_names=class_names), seed)


def load_model(artefact: bytes) -> MicroModel:
    """The model that `MicroModel.to_bytes` wrote; one that does not say its kind is the softmax layer.

    Raises: InvalidInput when the bytes are no such archive, or of a kind that does not exist.
    """
    with opened(artefact) as archive:
        kind = str(archive["model"]) if "model" in archive else DEFAULT_MODEL
    return find_model(kind).model.from_bytes(artefact)


def find_model(kind: str) -> ModelKind:
    """The kind of this name.

    Raises: InvalidInput listing the names there are.
    """
    if kind not in MODELS:
        raise InvalidInput(f"model is {kind!r}, which does not exist; use one of {', '.join(MODELS)}")
    return MODELS[kind]
