"""A micro-model as a file in the ONNX format, which other programs predict with.

The operations of a model are drawn by itself, see `graph.py`. The package `onnx` is an extra: `data-engine[onnx]`.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from data_engine.errors import SourceMissing
from data_engine.labeling.models.graph import INPUT, OUTPUT, Graph
from data_engine.labeling.models.micro_model import MicroModel

_OPSET, _FORMAT = 18, 9


def onnx_bytes(model: MicroModel, *, told: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """The file: `embeddings` (n, dim) float32 in, `probabilities` (n, n_classes) float32 out.

    Args:
        model: calibrated or not.
        told: further texts to keep in it, such as the version of the encoder, by name.

    Returns: equal bytes for equal models. It says the names of the classes as JSON, `class_names`, and its `version`.
    Raises: SourceMissing where the package onnx is not installed.
    """
    graph = Graph()
    graph.probabilities(model.draw(graph), model.temperature)
    names = json.dumps(list(model.class_names), ensure_ascii=False)
    texts = {"class_names": names, "version": model.version, **told}
    return file_of(
        graph, model.kind, takes={INPUT: ["n", model.dim]}, gives={OUTPUT: ["n", model.n_classes]}, texts=texts
    )


def file_of(
    graph: Graph,
    name: str,
    *,
    takes: Mapping[str, list[str | int]],
    gives: Mapping[str, list[str | int]],
    texts: Mapping[str, str],
) -> bytes:
    """Operations as a file in the ONNX format.

    Args:
        graph: The operations.
        name: Of the whole.
        takes: Shapes of the inputs by name, all float32; a text stands for any number.
        gives: Those of the outputs.
        texts: Kept in the file, by name.

    Raises: SourceMissing where the package onnx is not installed.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise SourceMissing(
            f"the package onnx cannot be imported ({error}), and it writes the file; pip install 'data-engine[onnx]'"
        ) from error
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node(each.name, each.takes, each.gives, **each.attributes) for each in graph.operations],
            name,
            [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in takes.items()],
            [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in gives.items()],
            [numpy_helper.from_array(np.ascontiguousarray(v), name) for name, v in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
        producer_name="data-engine",
    )
    helper.set_model_props(made, dict(texts))
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())
