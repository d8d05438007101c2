"""Encoders of all bands of a tile: architectures of timm with weights at a path, such as those that TorchGeo publishes.

How many bands they take, the weights say. Encoders of three bands, as images, are in `timm.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress, weights_fingerprint
from data_engine.errors import InvalidInput, SourceMissing
from data_engine.rasters.description import DescribedTile
from data_engine.rasters.items import NO_IMAGE

PREFIX = "timm-bands/"
_BATCH = 16
#: What trainers put before the names of the layers.
_BEFORE_NAMES = ("module.", "model.", "backbone.", "encoder.")


def load_timm_bands(name: str) -> Encoder:
    """Load `timm-bands/<model>@<path of its weights>`.

    Tiles are given to it as shares of their value range, from 0 to 1, and 0 where there is no data.

    Raises: SourceMissing when timm, the model or its weights are not there, or the weights are of another model.
    """
    try:
        import timm
    except ImportError as error:
        raise SourceMissing(f"the encoder {name!r} needs the package timm; install it with pip install timm") from error
    model_name, _, path = name.removeprefix(PREFIX).partition("@")
    if not path or not Path(path).is_file():
        raise SourceMissing(
            f"there are no weights at {path or 'no path'!r}; write {PREFIX}<model>@<path of its weights>, as TorchGeo "
            "publishes them for the bands of a satellite"
        )
    try:
        weights = _layers(timm.models.load_state_dict(path))
        model = timm.create_model(model_name, pretrained=False, num_classes=0)
        first = next(layer for layer, value in model.state_dict().items() if value.ndim == 4)
        n_bands = int(weights[first].shape[1])
        model = timm.create_model(model_name, pretrained=False, num_classes=0, in_chans=n_bands).eval()
        model.load_state_dict({layer: weights[layer] for layer in model.state_dict()})
    except (RuntimeError, OSError, ValueError, KeyError, StopIteration) as error:
        said = (str(error).splitlines() or ["no message"])[0][:200]
        raise SourceMissing(
            f"timm cannot load {name!r} ({type(error).__name__}: {said}); give the name of the model that the weights "
            f"at {path} are of"
        ) from error
    side_px = max(timm.data.resolve_model_data_config(model)["input_size"][1:])
    return _encoder(name, model, n_bands, side_px, f"timm-bands-{model_name}-{weights_fingerprint(model.state_dict())}")


def _layers(weights: Mapping[str, Any]) -> dict[str, Any]:
    """The weights by the names that timm has for their layers."""
    named = {}
    for layer, value in weights.items():
        name = layer
        for prefix in _BEFORE_NAMES:
            name = name.removeprefix(prefix)
        named[name] = value
    return named


def _encoder(name: str, model: Any, n_bands: int, side_px: int, version: str) -> Encoder:
    import torch

    with torch.inference_mode():
        dim = int(model(torch.zeros((1, n_bands, side_px, side_px))).shape[1])

    def embed(items: Sequence[DescribedTile], advance: Progress) -> NDArray[np.float32]:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(items), _BATCH):
                batch = torch.stack([_bands(item, n_bands, side_px, name) for item in items[start : start + _BATCH]])
                parts.append(torch.nn.functional.normalize(model(batch).float(), dim=1).numpy())
                advance(len(batch))
        rows: NDArray[np.float32] = np.concatenate(parts)
        return rows

    return Encoder(name=name, dim=dim, version=version, _embed=embed, modality="raster", max_side_px=NO_IMAGE)


def _bands(item: DescribedTile, n_bands: int, side_px: int, name: str) -> Any:
    """(n_bands, side_px, side_px) the shares of a tile, resized."""
    import torch

    if len(item.bands) != n_bands:
        raise InvalidInput(
            f"the weights of {name!r} take {n_bands} bands, but a tile has {len(item.bands)} "
            f"({', '.join(item.bands)}); give weights for these bands, or name spectral-statistics"
        )
    shares = torch.from_numpy(np.nan_to_num(item.scaled, nan=0.0))[None]
    return torch.nn.functional.interpolate(shares, (side_px, side_px), mode="bilinear", antialias=True)[0]
