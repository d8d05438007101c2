"""Near-duplicate texts: MinHash bands find candidates, exact similarity decides. Images are in `duplicates.images`."""

from data_engine.duplicates.texts.bands import band_keys, bands_and_rows
from data_engine.duplicates.texts.minhash import Sketches

__all__ = ["Sketches", "band_keys", "bands_and_rows"]
