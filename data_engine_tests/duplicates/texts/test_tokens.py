import random

import numpy as np
import pytest

from data_engine.duplicates.texts.shingles import numbers_of, words_of
from data_engine.duplicates.texts.tokens import Words

CHARACTERS = {
    "ascii": "abC+#12 .,-\n\t9",
    "unicode": "ab cC+#12 .,-ßİ\n\t本字9๐๑ก\U0001d7ce\U0001f600é\u2028",
}


def spans(words: Words) -> list[list[str]]:
    texts = ["".join(map(chr, words.codes[a:b])) for a, b in zip(words.starts, words.stops, strict=True)]
    return [texts[a:b] for a, b in zip(words.offsets[:-1], words.offsets[1:], strict=True)]


def random_texts(characters: str) -> list[str]:
    generator = random.Random(1)
    return ["".join(generator.choices(characters, k=generator.randint(0, 30))) for _ in range(2000)]


def test_words_are_cut_as_one_sees_them() -> None:
    words = Words.of(["Ab, C++ 2.0!", "", "#! +x", "two\nlines"])
    assert spans(words) == [["ab", "c++", "2", "0"], [], ["x"], ["two", "lines"]]
    assert len(words) == 4


@pytest.mark.parametrize("alphabet", sorted(CHARACTERS))
def test_all_texts_at_once_have_the_words_that_each_has_by_itself(alphabet: str) -> None:
    texts = random_texts(CHARACTERS[alphabet])
    assert spans(Words.of(texts)) == [words_of(text) for text in texts]


def test_equal_words_have_equal_hashes_anywhere_and_others_have_others() -> None:
    of_word: dict[str, set[int]] = {}
    for texts in map(random_texts, CHARACTERS.values()):
        words = Words.of(texts)
        found = [word for text in spans(words) for word in text]
        for word, value in zip(found, words.hashes.tolist(), strict=True):
            of_word.setdefault(word, set()).add(value)
    assert {len(values) for values in of_word.values()} == {1}
    assert len(set.union(*of_word.values())) == len(of_word)


@pytest.mark.parametrize("alphabet", sorted(CHARACTERS))
def test_the_hash_of_the_numbers_tells_other_digits_and_another_order(alphabet: str) -> None:
    texts = random_texts(CHARACTERS[alphabet])
    numbers = [numbers_of(" ".join(words_of(text))) for text in texts]
    values = dict(zip(numbers, Words.of(texts).numbers.tolist(), strict=True))
    assert len(set(values.values())) == len(values)
    assert [values[entry] for entry in numbers] == Words.of(texts).numbers.tolist()
    # Nothing but the mark of a short text.
    assert values[()] == 1


def test_the_words_of_some_texts_are_theirs_in_the_order_asked_for() -> None:
    words = Words.of(["a b", "", "c", "d 5"]).of_texts(np.array([3, 1, 0]))
    assert spans(words) == [["d", "5"], [], ["a", "b"]]
    assert words.numbers.tolist() == Words.of(["d 5", "", "a b"]).numbers.tolist()


def test_a_text_of_fifty_words_is_not_short() -> None:
    texts = ["one 2 " * 25, "one 2 " * 24 + "one"]
    assert (Words.of(texts).numbers & 1).tolist() == [0, 1]


def test_shingles_are_words_and_pairs_and_the_last_word_stands_in_for_a_pair() -> None:
    def shingles(*texts: str) -> list[int]:
        values: list[int] = Words.of(texts).shingles().tolist()
        return values

    a, a_b, b, b_again = shingles("a b")
    assert b == b_again
    assert len({a, b, a_b}) == 3
    assert shingles("x", "", "a b", "y") == [*shingles("x"), a, a_b, b, b, *shingles("y")]
    assert shingles("b a")[1] != a_b
