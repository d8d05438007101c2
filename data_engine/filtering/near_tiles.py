"""Near-duplicate tiles of rasters, by their pixel sketches; how fingerprints are searched is in `near_search.py`."""

from data_engine.duplicates.fingerprints import Fingerprint
from data_engine.duplicates.rasters.pixel_sketch import SKETCH_BYTES, keys_of, similarity_of
from data_engine.filtering.near_search import by_fingerprint

NEAR = by_fingerprint(Fingerprint("pixels of tiles 1", SKETCH_BYTES, keys_of, similarity_of))
