import numpy as np
import pytest

from data_engine.duplicates.fingerprints import Fingerprint, find_fingerprint_twins
from data_engine.errors import InvalidInput

#: Two bytes: what shares either of them is compared, and is as alike as its bytes agree.
PAIRS = Fingerprint(
    "pairs",
    2,
    lambda rows: rows.T.astype(np.uint64),
    lambda one, others: (others == one).mean(axis=1),
)


def _twins(*sketches: bytes, accepted: tuple[bytes, ...] = (), threshold: float = 1.0) -> list[tuple[bool, int] | None]:
    found = find_fingerprint_twins(PAIRS, sketches, threshold=threshold, accepted=accepted)
    return [None if twin is None else (twin.is_accepted, twin.row) for twin in found]


def test_what_shares_a_key_and_is_alike_repeats_the_first_of_them() -> None:
    assert _twins(b"ab", b"ac", b"ab") == [None, None, (False, 0)]
    assert _twins(b"ab", b"ac", b"bb", threshold=0.5) == [None, (False, 0), (False, 0)]


def test_an_accepted_sample_is_named_before_one_of_the_batch_and_is_never_dropped() -> None:
    assert _twins(b"ab", b"cd", accepted=(b"cd", b"cd")) == [None, (True, 0)]


def test_a_chain_is_not_merged() -> None:
    assert _twins(b"ab", b"ac", b"dc", threshold=0.5) == [None, (False, 0), None]


def test_nothing_repeats_nothing_and_another_length_is_refused() -> None:
    assert _twins() == []
    with pytest.raises(InvalidInput, match="a fingerprint has 3 bytes, 2 are written by pairs; run first_pass again"):
        PAIRS.stacked([b"abc"])
