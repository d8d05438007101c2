"""The model that only remembers: the nearest training samples vote.

Beside a softmax layer they vote in `labeling/classifier.py`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Integers
from data_engine.labeling.models.graph import Graph
from data_engine.labeling.models.micro_model import UNSEEN_LOGIT, Examples, MicroModel
from data_engine.labeling.models.voting import LEAST_PROBABILITY, draw_log, draw_votes, votes

_N_NEIGHBOURS = 10
_PRIOR = 0.1
"""Weight of the even distribution over the classes seen, so that no class that was seen is impossible."""


@dataclass(frozen=True, eq=False)
class NeighbourModel(MicroModel):
    """`memory` (m, dim) float32 and `memory_classes` (m,) are the training samples, of which the nearest vote."""

    kind: ClassVar[str] = "neighbours"
    array_names: ClassVar[tuple[str, ...]] = ("memory", "memory_classes")
    number_names: ClassVar[tuple[str, ...]] = ("n_neighbours",)

    memory: NDArray[np.float32]
    memory_classes: Integers
    has_examples: NDArray[np.bool_]
    n_neighbours: int
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """How many columns an embedding has."""
        return int(self.memory.shape[1])

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logarithms of the shares of the vote, drawn a little to an even distribution."""
        shares = votes(x, self.memory, self.memory_classes, self.n_classes, self.n_neighbours)
        drawn = (1 - _PRIOR) * shares + _PRIOR / self.has_examples.sum()
        return np.where(self.has_examples, np.log(np.maximum(drawn, LEAST_PROBABILITY)), UNSEEN_LOGIT)

    def draw(self, graph: Graph) -> str:
        """The same as operations."""
        shares = draw_votes(graph, self.memory, self.memory_classes, self.n_classes, self.n_neighbours)
        drawn = graph.add("Add", graph.add("Mul", shares, graph.constant(1 - _PRIOR)), graph.constant(self._even))
        return draw_log(graph, str(drawn), self.has_examples, UNSEEN_LOGIT)

    @property
    def _even(self) -> float:
        return float(_PRIOR / self.has_examples.sum())


def fit_neighbours(examples: Examples, seed: int) -> NeighbourModel:  # noqa: ARG001
    """Remember the examples."""
    return NeighbourModel(
        examples.x, examples.classes, examples.has_examples, _N_NEIGHBOURS, class_names=examples.class_names
    )
