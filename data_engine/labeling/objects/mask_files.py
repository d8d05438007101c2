"""What judges masks, and what predicts them, as files in the ONNX format, which other programs run.

The package `onnx` is an extra: `data-engine[onnx]`. Models of classes are written in `labeling.models.onnx_file`.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from data_engine.errors import SourceMissing
from data_engine.labeling.models.graph import INPUT, OUTPUT, Graph, Operation
from data_engine.labeling.models.onnx_file import file_of
from data_engine.labeling.objects.object_model import SMALLEST, ObjectModel
from data_engine.segmentation.predictors.network import MaskNetwork

FEATURES_INPUT, CERTAINTY_OUTPUT = "features", "certainty"


def object_model_bytes(model: ObjectModel, *, told: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A model of proposed masks: `features` (n, f) and `embeddings` (n, dim) of the crops in, float32.

    Out come `certainty` (n,), the probability that each mask would do as it is, and `probabilities` of the classes, the
    last of which is "no object". What is proposed of them is decided by `least_certainty`, which the file says.

    Args:
        model: The version.
        told: Further texts to keep in the file, by name.

    Raises: SourceMissing where the package onnx is not installed.
    """
    graph, n_features = Graph(), len(model.means)
    classifier = model.classifier
    graph.probabilities(classifier.draw(graph), classifier.temperature)
    _draw_certainty(graph, model)
    texts = {
        "class_names": json.dumps([*model.class_names, ""], ensure_ascii=False),
        "version": model.version,
        "least_certainty": repr(model.least_certainty),
        **told,
    }
    return file_of(
        graph,
        "masks",
        takes={FEATURES_INPUT: ["n", n_features], INPUT: ["n", classifier.dim]},
        gives={CERTAINTY_OUTPUT: ["n"], OUTPUT: ["n", classifier.n_classes]},
        texts=texts,
    )


def _draw_certainty(graph: Graph, model: ObjectModel) -> None:
    """The expected IoU and the odds of the class, weighed as `ObjectModel.judged` does."""
    number = graph.constant
    shifted = graph.add("Sub", FEATURES_INPUT, number(model.means))
    clipped = graph.add("Clip", graph.add("Div", shifted, number(model.scales)), number(-4), number(4))
    design = graph.add("Concat", clipped, graph.add("Mul", clipped, clipped), axis=1)
    rise = graph.add("MatMul", design, number(model.weights[1:, None]))
    expected = graph.add("Clip", graph.add("Add", rise, number(model.weights[0])), number(0), number(1))
    ends = [number([value], np.int64) for value in (0, -1, 1)]
    known = graph.add("Slice", OUTPUT, *ends)
    best = graph.add("ReduceMax", known, ends[2], keepdims=1)
    logs = [
        graph.add("Log", graph.add("Clip", each, number(SMALLEST), number(1)))
        for each in (best, graph.add("Sub", number(1), best))
    ]
    odds = graph.add("Sub", *logs)
    evidence = graph.add(
        "Concat", expected, graph.add("Mul", expected, expected), graph.add("Div", odds, number(4)), axis=1
    )
    raised = graph.add("MatMul", evidence, number(model.certainty[1:, None]))
    log_odds = graph.add("Add", raised, number(model.certainty[0]))
    flat = graph.add("Squeeze", graph.add("Clip", log_odds, number(-30), number(30)), ends[2])
    graph.operations.append(Operation("Sigmoid", (flat,), (CERTAINTY_OUTPUT,), {}))


def network_bytes(network: MaskNetwork, *, told: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A network for masks: `image_and_points` (n, 7, side, side) float32 in, `mask` (n, 1, side, side) in [0, 1] out.

    The channels are red, green and blue in [-1, 1], then bumps at the four points, their octagon, bumps at the clicks
    inside and at those outside, as `segmentation.predictors.network` draws them.

    Args:
        network: The version.
        told: Further texts to keep in the file, by name.

    Raises: SourceMissing where the package onnx is not installed.
    """
    try:
        import onnx
        from onnx import helper
    except ImportError as error:
        raise SourceMissing(
            f"the package onnx cannot be imported ({error}), and it writes the file; pip install 'data-engine[onnx]'"
        ) from error
    made = onnx.load_from_string(network.exported())
    helper.set_model_props(made, {"version": network.version, **told})
    return bytes(made.SerializeToString())
