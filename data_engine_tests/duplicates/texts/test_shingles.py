from data_engine.duplicates.texts.shingles import Shingles, jaccard, numbers_of, similarity, words_of

ALPHABET = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo"]
ALPHABET += ["lima", "mike", "november"]


def measured(first: str, second: str) -> float:
    return similarity(Shingles.of(first), Shingles.of(second))


def test_words_keep_signs_that_go_on_a_word_and_lose_punctuation() -> None:
    assert words_of("# C++ and c, GPL-2.0+ (or later)") == ["c++", "and", "c", "gpl", "2", "0+", "or", "later"]
    assert words_of("字A b") == ["字", "a", "b"]
    assert numbers_of("2.0, 1998-02") == ("2", "0", "1998", "02")


def test_jaccard_is_the_common_part_of_all_and_nothing_is_like_nothing() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 2 / 4
    assert jaccard(frozenset(), frozenset()) == 0.0


def test_shingles_can_be_counted_by_hand() -> None:
    shingles = Shingles.of("Ab, C++ 2.0!")
    assert shingles.words == {"=ab", "=c++", "=2", "=0", "=ab c++", "=c++ 2", "=2 0"}
    assert shingles.characters == {" ab ", "ab c", "b c+", " c++", "c++ ", "++ 2", "+ 2 ", " 2 0", "2 0 "}
    assert (shingles.numbers, shingles.is_short, len(shingles)) == (("2", "0"), True, 16)


def test_similarity_is_the_smaller_of_words_and_characters() -> None:
    # Four words and three pairs each, 3 + 2 of 9 common; six runs of four in " a b c d ", 4 of 8 common.
    assert measured("a b c d", "a b c e") == 4 / 8
    # One letter of a long word: 0 common words, many common runs.
    assert measured("internationalisation", "internationalization") == 0.0


def test_case_punctuation_and_layout_do_not_count() -> None:
    assert measured("# Released under the\n# MIT License.", "released under THE mit-license") == 1.0


def test_one_word_in_fourteen_may_differ_and_one_in_thirteen_may_not() -> None:
    changed = [word if word != "golf" else "gulf" for word in ALPHABET]
    assert measured(" ".join(ALPHABET), " ".join(changed)) >= 0.8
    assert measured(" ".join(ALPHABET[:13]), " ".join(changed[:13])) < 0.8


def test_texts_in_scripts_without_spaces_are_compared_by_characters() -> None:
    text = "本软件按原样提供不提供任何明示或暗示的保证包括但不限于适销性"
    assert measured(text, text[:-1]) > 0.9
    assert measured(text, text[::-1]) < 0.1
