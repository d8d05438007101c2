"""Small ONNX models for tests, out of a list of operations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Node = tuple[str, tuple[str, ...], str] | tuple[str, tuple[str, ...], str, dict[str, Any]]


def tensor(name: str, values: Any) -> Any:
    """A constant; whole numbers are int64, others float32."""
    from onnx import numpy_helper

    array = np.asarray(values)
    return numpy_helper.from_array(array.astype(np.int64 if array.dtype.kind == "i" else np.float32), name)


def save_onnx(
    path: Path,
    nodes: Sequence[Node],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Any],
    *,
    whole: Sequence[str] = (),
) -> None:
    """Write a model whose operations are (type, inputs, output, attributes); inputs are float32, `whole` ones int64."""
    from onnx import TensorProto, helper, save

    made = [helper.make_node(node[0], list(node[1]), [node[2]], **(node[3] if len(node) > 3 else {})) for node in nodes]
    values = [
        [
            helper.make_tensor_value_info(name, TensorProto.INT64 if name in whole else TensorProto.FLOAT, list(shape))
            for name, shape in shapes.items()
        ]
        for shapes in (inputs, outputs)
    ]
    graph = helper.make_graph(made, "tiny", *values, [tensor(name, value) for name, value in constants.items()])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
