"""NEAR: how near-duplicate sounds are found, by the landmarks that they share.

What a near-duplicate is stands in `data_engine.duplicates.sounds`.
"""

from data_engine.duplicates.fingerprints import Fingerprint
from data_engine.duplicates.sounds.similarity import keys, similarity
from data_engine.filtering.near_search import NearSearch, by_fingerprint
from data_engine.sound.landmarks import SKETCH_BYTES

LANDMARKS = Fingerprint(name="landmarks-1", n_bytes=SKETCH_BYTES, keys=keys, similarity=similarity)
NEAR: NearSearch = by_fingerprint(LANDMARKS)
