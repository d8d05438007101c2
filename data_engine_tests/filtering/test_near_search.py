import numpy as np

from data_engine.duplicates.fingerprints import Fingerprint
from data_engine.filtering.near_search import OF_IMAGES, OF_TEXTS, by_fingerprint


def test_texts_are_kept_by_bands_that_follow_the_similarity_and_others_by_one_kind_of_keys() -> None:
    assert OF_TEXTS.kind(0.8).name != OF_TEXTS.kind(0.5).name
    assert (OF_TEXTS.kind(None).column, OF_TEXTS.compares_texts) == ("minhash", True)
    assert OF_IMAGES.kind(0.97).name == OF_IMAGES.kind(None).name == "turned hashes"


class _Segment:
    def rows_of_keys(self, keys: np.ndarray) -> np.ndarray:
        assert (np.diff(keys, axis=1) >= 0).all()
        return np.flatnonzero(np.isin([3, 5, 9], keys[0]))


def test_fingerprints_are_searched_by_their_sorted_keys() -> None:
    keys = Fingerprint("first byte", 1, lambda rows: rows.T.astype(np.uint64), lambda _, others: np.ones(len(others)))
    kind = by_fingerprint(keys).kind(0.9)
    sketches = np.array([[9], [3]], np.uint8)
    assert kind.near(_Segment(), sketches).tolist() == [0, 2]
    assert kind.entries(sketches)[1].tolist() == [0, 1]
