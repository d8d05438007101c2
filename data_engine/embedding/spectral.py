"""The encoder of tiles of rasters that needs no weights: spectral statistics, scaled and centred.

The statistics themselves are in `data_engine.rasters.spectra`; encoders with weights for bands are in `timm_bands.py`.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import InvalidInput
from data_engine.rasters.description import DescribedTile
from data_engine.rasters.items import NO_IMAGE
from data_engine.rasters.spectra import n_statistics, statistics_of

NAME = "spectral-statistics"
_N_SLOTS, _MOST_SLOTS = 16, 64


def load_spectral(name: str) -> Encoder:
    """Statistics of 16 bands, or of as many as the name says after a slash; of a tile with more, neighbours are merged.

    Raises: InvalidInput for what is no number of bands.
    """
    base, _, said = name.partition("/")
    n_slots = int(said) if said.isdecimal() else 0 if said else _N_SLOTS
    if not 1 <= n_slots <= _MOST_SLOTS:
        raise InvalidInput(
            f"{name!r} asks for {said!r} bands; give a whole number of 1 to {_MOST_SLOTS}, such as {base}/4"
        )
    return Encoder(
        name=name,
        dim=n_statistics(n_slots),
        version=f"{base}-{n_slots}-1",
        _embed=partial(_embed, n_slots=n_slots),
        modality="raster",
        max_side_px=NO_IMAGE,
    )


def _embed(items: Sequence[DescribedTile], advance: Progress, *, n_slots: int) -> NDArray[np.float32]:
    rows = np.empty((len(items), n_statistics(n_slots)), dtype=np.float32)
    for number, item in enumerate(items):
        rows[number] = statistics_of(item, n_slots)
        advance(1)
    embedded: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return embedded
