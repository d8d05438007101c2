from itertools import combinations

import numpy as np
import pytest

from data_engine.duplicates.texts.minhash import SKETCH_BYTES, Sketches
from data_engine.duplicates.texts.shingles import Shingles, jaccard
from data_engine.errors import InvalidInput

WORDS = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo"]
WORDS += ["lima", "mike", "november"]


def test_signatures_estimate_the_similarity_of_the_words_and_their_pairs() -> None:
    texts = [" ".join(WORDS[start : start + 10]) for start in range(5)]
    shingles = [Shingles.of(text).words for text in texts]
    signatures = Sketches.of(texts).signatures
    for first, second in combinations(range(5), 2):
        exact = jaccard(shingles[first], shingles[second])
        assert np.mean(signatures[first] == signatures[second]) == pytest.approx(exact, abs=0.13)


def test_the_estimates_of_many_pairs_lie_about_the_truth() -> None:
    words = [f"w{number}" for number in range(2000)]
    texts = [" ".join(words[start : start + 60]) for start in range(0, 1900, 3)]
    signatures = Sketches.of(texts).signatures
    # 57 of 63 words and 56 of 62 pairs are common.
    estimates = (signatures[1:] == signatures[:-1]).mean(axis=1)
    assert estimates.mean() == pytest.approx((57 + 56) / (63 + 62), abs=0.005)
    assert estimates.std() < 0.04


def test_a_sketch_does_not_depend_on_its_neighbours_and_survives_storage() -> None:
    texts = ["a", "x" * 600_000, "two words", "", "字", "two words", "GPL 2"]
    together = Sketches.of(texts)
    rows = [together.row_bytes(row) for row in range(len(texts))]
    assert [Sketches.of([text]).row_bytes(0) for text in texts] == rows
    assert {len(row) for row in rows} == {SKETCH_BYTES}
    assert rows[2] == rows[5] != rows[0]
    read = Sketches.from_bytes(rows)
    assert (read.signatures == together.signatures).all()
    assert (read.numbers == together.numbers).all()
    with pytest.raises(InvalidInput, match=r"signatures of \[500\] bytes, this code writes 512; run the first pass"):
        Sketches.from_bytes([rows[0][:500]])
