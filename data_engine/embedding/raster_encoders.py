"""The encoders of tiles of rasters; those of images take their previews, too.

The class of a loaded encoder is in `encoder.py`, the list of all encoders in `registry.py`.
"""

from data_engine.embedding.registry import EncoderEntry
from data_engine.embedding.spectral import NAME, load_spectral
from data_engine.embedding.timm_bands import PREFIX, load_timm_bands

ENCODERS = (
    EncoderEntry(NAME, "raster", load_spectral),
    EncoderEntry(f"{NAME}/<bands>", "raster", load_spectral, prefix=f"{NAME}/"),
    EncoderEntry(f"{PREFIX}<model>@<path>", "raster", load_timm_bands, prefix=PREFIX),
)
