"""Near-duplicate images: hashes find candidates, small copies decide. Texts are in `duplicates.texts`."""

from data_engine.duplicates.images.hash_keys import keys_of, rows_near
from data_engine.duplicates.images.search import hashes_of, stacked

__all__ = ["hashes_of", "keys_of", "rows_near", "stacked"]
