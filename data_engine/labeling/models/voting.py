"""Votes: what the nearest remembered samples say of a sample, the nearer the louder.

Which of the remembered samples are nearest is found in `labeling/inputs.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers, nearest
from data_engine.labeling.models.graph import INPUT, Graph

_SHARPNESS = 10.0
LEAST_PROBABILITY = 1e-6


def votes(
    x: Floats, memory: NDArray[np.float32], classes: Integers, n_classes: int, n_neighbours: int
) -> NDArray[np.float64]:
    """(n, n_classes) shares of the vote of the nearest remembered samples, nearer ones weighing more."""
    rows, similarities = nearest(x, memory, min(n_neighbours, len(memory)))
    weights = np.exp(_SHARPNESS * (np.asarray(similarities, dtype=np.float64) - 1))
    found = np.zeros((len(x), n_classes))
    np.add.at(found, (np.arange(len(x))[:, None], classes[rows]), weights)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def draw_votes(
    graph: Graph,
    memory: NDArray[np.float32],
    classes: Integers,
    n_classes: int,
    n_neighbours: int,
    rows: str = INPUT,
) -> str:
    """Add the operations of `votes` of the named rows to a graph; returns the name of the shares."""
    similarities = graph.add("MatMul", rows, graph.constant(memory.T))
    n_asked = graph.constant([min(n_neighbours, len(memory))], np.int64)
    near, places = graph.add("TopK", similarities, n_asked, n_results=2, axis=1)
    weights = graph.add("Exp", graph.add("Mul", graph.add("Sub", near, graph.constant(1)), graph.constant(_SHARPNESS)))
    of_class = graph.add("Gather", graph.constant(np.eye(n_classes)[classes]), places, axis=0)
    row = graph.add("Unsqueeze", weights, graph.constant([1], np.int64))
    cast = graph.add("Squeeze", graph.add("MatMul", row, of_class), graph.constant([1], np.int64))
    total = graph.add("ReduceSum", weights, graph.constant([1], np.int64), keepdims=1)
    return str(graph.add("Div", cast, total))


def draw_log(graph: Graph, shares: str, has_examples: NDArray[np.bool_], unseen: float) -> str:
    """Add logarithms of shares to a graph, none below that of `LEAST_PROBABILITY`; `unseen` of classes never seen."""
    logits = graph.add("Log", graph.add("Max", shares, graph.constant(LEAST_PROBABILITY)))
    return str(graph.add("Where", graph.constant(has_examples[None], bool), logits, graph.constant(unseen)))
