"""Encoders of images from timm, where the user has timm and weights.

The encoder of images that needs no hub is in `efficientnet.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress, weights_fingerprint
from data_engine.errors import SourceMissing

PREFIX = "timm/"
_BATCH = 16


def load_timm(name: str) -> Encoder:
    """Load `timm/<model>`, with its published weights, or with those of a file: `timm/<model>@<path>`.

    Raises: SourceMissing when timm, the model or its weights are not there.
    """
    try:
        import timm
    except ImportError as error:
        raise SourceMissing(f"the encoder {name!r} needs the package timm; install it with pip install timm") from error
    model_name, _, path = name.removeprefix(PREFIX).partition("@")
    try:
        model = timm.create_model(model_name, pretrained=not path, checkpoint_path=path, num_classes=0).eval()
    except (RuntimeError, OSError, ValueError) as error:
        raise SourceMissing(
            f"timm cannot load {name!r} ({str(error).splitlines()[0]}); give the name of a model whose weights can be "
            f"reached, or {PREFIX}<model>@<path of its weights>"
        ) from error
    settings = timm.data.resolve_model_data_config(model)
    prepare = timm.data.create_transform(**settings, is_training=False)
    return Encoder(
        name=name,
        dim=int(model.num_features),
        version=f"timm-{model_name}-{weights_fingerprint(model.state_dict())}",
        _embed=lambda items, advance: _embed(model, prepare, items, advance),
        modality="image",
        max_side_px=2 * max(settings["input_size"][1:]),
    )


def _embed(model: Any, prepare: Any, items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
    import torch

    parts = []
    with torch.inference_mode():
        for start in range(0, len(items), _BATCH):
            batch = torch.stack([prepare(item.convert("RGB")) for item in items[start : start + _BATCH]])
            parts.append(torch.nn.functional.normalize(model(batch).float(), dim=1).numpy())
            advance(len(batch))
    rows: NDArray[np.float32] = np.concatenate(parts)
    return rows
