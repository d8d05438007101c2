"""MicroModel: what every small classifier of embeddings does, however it learns.

The models are in the modules beside this one, and in `labeling/classifier.py`; `registry.py` lists them.
"""

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.inputs import Draw, Floats, Integers, class_indices, matrix
from data_engine.labeling.models.graph import Graph
from data_engine.labeling.models.temperature import fit_temperature, softmax

UNSEEN_LOGIT = -1e4
"""Of a class without training examples, whose probability is 0."""


class MicroModel(ABC):
    """A classifier of embeddings; frozen from birth, `calibrate` gives a new one.

    A model is a frozen dataclass with the attributes below and its own arrays and numbers, which `array_names` and
    `number_names` list. A class without training examples has `has_examples` False and probability 0, but keeps its
    column. `temperature` divides the logits; 1 before calibration. `class_names` is empty when the caller gave none.
    """

    kind: ClassVar[str]
    """Its name in the registry."""
    array_names: ClassVar[tuple[str, ...]]
    number_names: ClassVar[tuple[str, ...]]

    has_examples: NDArray[np.bool_]
    temperature: float
    class_names: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        """How many columns the probabilities have."""
        return len(self.has_examples)

    @property
    @abstractmethod
    def dim(self) -> int:
        """How many columns an embedding has."""

    @abstractmethod
    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, dim) embeddings to (n, n_classes) logits before calibration, `UNSEEN_LOGIT` of classes never seen."""

    @abstractmethod
    def draw(self, graph: Graph) -> str:
        """Add the operations of `logits` to a graph whose input is `embeddings`; returns the name of their result."""

    @property
    def draws(self) -> Draw | None:
        """Draws classifiers by dropout, the same whatever the rows; None of a kind with nothing to leave out."""
        return None

    @cached_property
    def version(self) -> str:
        """Fingerprint of everything that decides a prediction and its name, 16 hex digits."""
        digest = hashlib.sha256()
        for part in self._parts():
            digest.update(part)
        digest.update("\x00".join(self.class_names).encode())
        return digest.hexdigest()[:16]

    def predict_proba(self, x: Floats) -> NDArray[np.float32]:
        """Calibrated class probabilities: (n, dim) embeddings to (n, n_classes) float32, rows summing to 1.

        Raises: InvalidInput for another number of columns, or rows that are not finite.
        """
        return softmax(self._checked_logits(x) / self.temperature).astype(np.float32)

    def calibrate(self, x_holdout: Floats, y_holdout: Integers) -> Self:
        """A new model whose temperature suits a random hold-out that was never trained on.

        Args:
            x_holdout: (n, dim) embeddings. Actively chosen samples do not do: they make it look unsure by far.
            y_holdout: (n,) true class numbers.

        Raises: NotEnoughData for an empty hold-out, InvalidInput for wrong shapes or class numbers.
        """
        logits = self._checked_logits(x_holdout)
        labels = class_indices(y_holdout, "y_holdout", n_rows=len(logits), n_classes=self.n_classes)
        is_certain = self.has_examples.sum() == 1
        temperature = 1.0 if is_certain else fit_temperature(logits, labels, self.has_examples)
        return replace(self, temperature=temperature)  # type: ignore[type-var]

    def to_bytes(self) -> bytes:
        """A NumPy archive without pickled objects; equal models give equal bytes."""
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name) for name in ("has_examples", *self.array_names)}
        numbers = {name: getattr(self, name) for name in ("temperature", *self.number_names)}
        names = np.array(self.class_names, dtype=np.str_)
        np.savez(buffer, allow_pickle=False, model=np.array(self.kind), class_names=names, **numbers, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, artefact: bytes) -> Self:
        """The model that `to_bytes` wrote; `registry.load_model` finds the class to ask.

        Raises: InvalidInput when the bytes are no such archive.
        """
        with opened(artefact) as archive:
            parts: dict[str, Any] = {name: archive[name] for name in ("has_examples", *cls.array_names)}
            numbers = {name: int(archive[name]) for name in cls.number_names}
            names = tuple(str(name) for name in archive["class_names"])
            temperature = float(archive["temperature"])
        return cls(**parts, **numbers, **{"temperature": temperature, "class_names": names})

    def _parts(self) -> Iterator[bytes]:
        """The bytes that its version is a fingerprint of, the names of the classes aside."""
        yield self.kind.encode()
        yield np.array([self.temperature, *(getattr(self, name) for name in self.number_names)]).tobytes()
        for name in ("has_examples", *self.array_names):
            yield np.ascontiguousarray(getattr(self, name)).tobytes()

    def _checked_logits(self, x: Floats) -> NDArray[np.float64]:
        checked = matrix(x, "embeddings", n_columns=self.dim)
        return self.logits(np.asarray(checked, dtype=np.float32))


@contextmanager
def opened(artefact: bytes) -> Iterator[Any]:
    """The archive that a model was written as. Raises: InvalidInput where the bytes are none, or lack a part."""
    try:
        with np.load(io.BytesIO(artefact), allow_pickle=False) as archive:
            yield archive
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise InvalidInput(
            f"the artefact of {len(artefact)} bytes is no classifier ({error}); give bytes written by to_bytes"
        ) from error


@dataclass(frozen=True, eq=False)
class Examples:
    """What a model learns from, checked.

    `x` is (n, dim) float32, n >= 1; `classes` (n,) class numbers; `seen` the class numbers that occur, ascending, and
    `compact` (n,) the place of each example's class among these.
    """

    x: NDArray[np.float32]
    classes: Integers
    n_classes: int
    class_names: tuple[str, ...]
    seen: Integers
    compact: Integers

    @property
    def has_examples(self) -> NDArray[np.bool_]:
        """(n_classes,) which classes have an example."""
        found = np.zeros(self.n_classes, dtype=bool)
        found[self.seen] = True
        return found


def examples_of(embeddings: Floats, labels: Integers, *, n_classes: int, class_names: Sequence[str] = ()) -> Examples:
    """Examples of checked shapes.

    Args:
        embeddings: (n, dim) unit rows.
        labels: (n,) class numbers; classes may be missing.
        n_classes: columns of the probabilities.
        class_names: names of the columns; none when empty.

    Raises: NotEnoughData without samples, InvalidInput for wrong shapes, class numbers or count of names.
    """
    x = matrix(embeddings, "embeddings")
    y = class_indices(labels, "labels", n_rows=len(x), n_classes=n_classes)
    if len(y) == 0:
        raise NotEnoughData("there are 0 labelled samples to train on; label at least one")
    if class_names and len(class_names) != n_classes:
        raise InvalidInput(f"class_names has {len(class_names)} names but n_classes is {n_classes}; give one per class")
    seen, compact = np.unique(y, return_inverse=True)
    return Examples(np.asarray(x, dtype=np.float32), y, n_classes, tuple(class_names), seen, compact)
