"""Graph: the operations of a model as plain values, from which a file in the ONNX format is written.

The file is written in `onnx_file.py`; what an operation means is the specification of ONNX, opset 18.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

INPUT, OUTPUT = "embeddings", "probabilities"


@dataclass(frozen=True)
class Operation:
    """One operation: its name in ONNX, the names of what it takes and gives, its attributes."""

    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass
class Graph:
    """Operations in order, and the arrays that they use; the input is `embeddings`, (n, dim) float32."""

    operations: list[Operation] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """An array that is part of the file; returns its name."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.asarray(values, dtype=dtype)
        return name

    def add(self, operation: str, *takes: str, n_results: int = 1, **attributes: Any) -> Any:
        """An operation on named values; returns the name of its result, or of several a tuple of names."""
        number = len(self.operations)
        gives = tuple(f"{operation.lower()}_{number}_{place}" for place in range(n_results))
        self.operations.append(Operation(operation, takes, gives, attributes))
        return gives[0] if n_results == 1 else gives

    def probabilities(self, logits: str, temperature: float) -> None:
        """The last operations: calibrated class probabilities, by the name `probabilities`."""
        scaled = self.add("Div", logits, self.constant(temperature))
        self.operations.append(Operation("Softmax", (scaled,), (OUTPUT,), {"axis": 1}))
