"""OpenVINO: torch modules compiled for this CPU, at bfloat16 where it multiplies that natively.

A converted model is kept on disk, so that the next process needs neither torch nor the conversion. `efficientnet.py`
uses it; texts have a BERT without padding instead, in `bert/`.
"""

import importlib.util
import os
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Takes uint8 or float arrays (n, ...) and gives (n, dim) float32.
Run = Callable[[Iterator[NDArray[Any]]], Iterator[NDArray[np.float32]]]


def is_installed() -> bool:
    """Whether the package openvino is installed."""
    return importlib.util.find_spec("openvino") is not None


def kept_folder() -> Path:
    """Where converted models are kept; `DATA_ENGINE_CACHE` overrides it."""
    given = os.environ.get("DATA_ENGINE_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "data-engine"


def precision() -> str:
    """`bf16` where the CPU multiplies bfloat16 natively, which halves the time, else `f32`."""
    capabilities = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in capabilities else "f32"


def compiled(key: str, make: Callable[[], tuple[Any, Any]], *, batch_shape: tuple[int, ...], precision: str) -> Run:
    """Compile a module for batches of one shape.

    Args:
        key: Names the module, its weights included; what was converted once under a key is used again.
        make: Gives the torch module in evaluation mode and an example input; called only where nothing is kept.
        batch_shape: Shape of every batch; a shorter last one is filled up and cut again.
        precision: `bf16` or `f32`.
    """
    openvino = _openvino()
    core = openvino.Core()
    path = kept_folder() / f"{key}-openvino-{openvino.__version__.split('-')[0]}.xml"
    if path.is_file():
        model = core.read_model(path)
    else:
        model = _converted(*make())
        # A folder that cannot be written to costs the next process a conversion, nothing else.
        with suppress(OSError, RuntimeError):
            _keep(openvino, model, path)
    model.reshape(list(batch_shape))
    settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT"}
    ready = core.compile_model(model, "CPU", settings)
    return lambda batches: _run(ready, batches, batch_shape)


def _run(ready: Any, batches: Iterator[NDArray[Any]], batch_shape: tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
    """Results in the order of the batches, several of which are computed at once.

    Requests are waited for one by one: a queue with callbacks can wait for the interpreter's lock for ever.
    """
    idle = [ready.create_infer_request() for _ in range(ready.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))]
    busy: deque[tuple[Any, int]] = deque()
    for batch in batches:
        if not idle:
            request, n_rows = busy.popleft()
            yield _finished(request, n_rows)
            idle.append(request)
        full = np.zeros(batch_shape, batch.dtype)
        full[: len(batch)] = batch
        idle[-1].start_async({0: full}, share_inputs=False)
        busy.append((idle.pop(), len(batch)))
    while busy:
        yield _finished(*busy.popleft())


def _finished(request: Any, n_rows: int) -> NDArray[np.float32]:
    request.wait()
    rows: NDArray[np.float32] = request.get_output_tensor(0).data[:n_rows].copy()
    return rows


def _converted(module: Any, example: Any) -> Any:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with torch.inference_mode(), warnings.catch_warnings():
        # Torch announces that it will give up tracing, which is what OpenVINO reads.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(module, (example,), check_trace=False)  # type: ignore[no-untyped-call]
    frontend = FrontEndManager().load_by_framework("pytorch")
    # The conversion goes back to the decoder, which therefore has to live as long as it.
    decoder = TorchScriptPythonDecoder(traced)
    return frontend.convert(frontend.load(decoder))


def _keep(openvino: Any, model: Any, path: Path) -> None:
    """Write a model whole or not at all; a second process that converts the same replaces it by the same.

    The description is moved into place last: it is the file that `compiled` looks for.
    """
    from data_engine.storage.atomic_files import replace_file

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        saved = Path(folder) / path.name
        openvino.save_model(model, saved, compress_to_fp16=False)
        for suffix in (".bin", ".xml"):
            replace_file(path.with_suffix(suffix), saved.with_suffix(suffix).replace)


def _openvino() -> Any:
    # OpenVINO reports its own import to its makers unless the package that does so cannot be imported.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
