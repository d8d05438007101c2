import random

import numpy as np
import pytest

from data_engine.duplicates.texts import similarity as similarity_module
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.shingles import Shingles, similarity
from data_engine.duplicates.texts.similarity import ShingleRows
from data_engine.kernels import loading, minhash

VOCABULARY = ["a", "bb", "ccc", "C++", "9", "2.0", "word", "字本", "longerword", "ß", "x"]


def texts_and_changed_ones() -> list[str]:
    generator = random.Random(2)
    texts = ["a", "ab", "a b", "字", "", "!!", "a "]
    for _ in range(300):
        words = generator.choices(VOCABULARY, k=generator.choice([1, 2, 3, 8, 60]))
        texts.append(" ".join(words))
        words[generator.randrange(len(words))] = generator.choice(VOCABULARY)
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize(("shingles_per_piece", "is_compiled"), [(1 << 21, False), (100, False), (1 << 21, True)])
def test_many_pairs_at_once_are_as_similar_as_each_by_itself(
    shingles_per_piece: int, is_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity_module, "_SHINGLES_PER_PIECE", shingles_per_piece)
    monkeypatch.setattr(loading, "use_compiled_text_kernels", lambda _: is_compiled)
    ran: list[str] = []
    for module, name, way in ((minhash, "jaccards", "kernel"), (similarity_module, "sparse_jaccards", "sparse rows")):
        function = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, way=way, function=function: ran.append(way) or function(*given)
        )
    texts = texts_and_changed_ones()
    shingles = [Shingles.of(text) for text in texts]
    first = np.repeat(np.arange(len(texts)), 5)
    second = (first + np.tile([0, 1, -1, 7, 40], len(texts))) % len(texts)
    expected = [similarity(shingles[a], shingles[b]) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    measured = ShingleRows.of(texts).similarities(first, second, at_least=0.0)
    assert measured.tolist() == expected
    assert sum(0 < value < 1 for value in expected) > 200
    # By words, then by characters.
    assert ran == 2 * (["kernel"] if is_compiled else ["sparse rows"])


def test_a_value_below_the_limit_is_one_in_the_full_measure_too() -> None:
    # Words alone say 4 / 8, characters 0.5 as well; at a limit of 0.6 the characters need not be looked at.
    rows = ShingleRows.of(["a b c d", "a b c e", "A b c d"])
    pairs = np.array([0, 0]), np.array([1, 2])
    assert rows.similarities(*pairs, at_least=0.6).tolist() == [5 / 9, 1.0]
    assert rows.similarities(*pairs, at_least=0.0).tolist() == [4 / 8, 1.0]


def test_no_pairs_have_no_similarities() -> None:
    none = np.array([], np.int64)
    assert ShingleRows.of([]).similarities(none, none, at_least=0.5).tolist() == []


def test_compiled_sketches_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, ran, found = texts_and_changed_ones(), [], []
    kernel = minhash.smallest_products
    monkeypatch.setattr(minhash, "smallest_products", lambda *given: ran.append(len(found)) or kernel(*given))
    for is_compiled in (False, True):
        monkeypatch.setattr(loading, "use_compiled_text_kernels", lambda _, answer=is_compiled: answer)
        found.append(Sketches.of(texts).as_bytes())
    assert (found[0] == found[1]).all()
    assert set(ran) == {1}
