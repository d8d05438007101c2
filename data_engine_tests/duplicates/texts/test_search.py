import random
from collections.abc import Sequence

import pytest

from data_engine.duplicates.texts import search
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import CROWD, Twin, find_twins
from data_engine.duplicates.texts.shingles import Shingles, similarity
from data_engine.errors import InvalidInput

ALPHABET = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo"]
ALPHABET += ["lima", "mike", "november"]


def measured(first: str, second: str) -> float:
    return similarity(Shingles.of(first), Shingles.of(second))


def twins_of(texts: Sequence[str], accepted: Sequence[str] = (), threshold: float = 0.8) -> list[Twin | None]:
    return find_twins(
        texts,
        Sketches.of(texts),
        threshold=threshold,
        accepted=Sketches.of(accepted),
        accepted_texts=lambda numbers: [accepted[number] for number in numbers],
    )


def random_texts(n_texts: int, n_words: int, seed: int) -> list[str]:
    generator = random.Random(seed)
    words = ["".join(generator.choices("abcdefghij", k=generator.randint(2, 8))) for _ in range(2000)]
    return [" ".join(generator.choices(words, k=n_words)) for _ in range(n_texts)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("licenses.nuget.org/CC-BY-3.0-NL", "licenses.nuget.org/CC-BY-3.0-DE"),
        ("licenses.nuget.org/CC-BY-3.0-NL", "licenses.nuget.org/CC-BY-2.5-NL"),
        ("GNU General Public License version 2 or later", "GNU General Public License version 3 or later"),
        ("GPL-2.0 and LGPL-2.1", "GPL-2.1 and LGPL-2.0"),
        ("License: GPL-2.0+", "License: GPL-2.0"),
        ("written in C", "written in C++"),
    ],
)
def test_short_texts_with_another_version_or_country_are_no_near_duplicates(first: str, second: str) -> None:
    assert measured(first, second) < 0.8
    assert twins_of([first, second]) == [None, None]


def test_other_numbers_separate_short_texts_only() -> None:
    short, long = " ".join(ALPHABET), " ".join(f"{word}{index % 4 * 'x'}" for index, word in enumerate(ALPHABET * 5))
    assert measured(f"{short} 2019", f"{short} 2020") == 0.0
    assert measured(f"{long} 2019", f"{long} 2020") > 0.9
    assert twins_of([f"{short} 2019", f"{short} 2020"]) == [None, None]
    assert twins_of([f"{long} 2019", f"{long} 2020"])[1] is not None


def test_texts_without_words_are_like_nothing() -> None:
    assert measured("!!!", "!!!") == 0.0
    assert twins_of(["!!!", "...", "!!!"]) == [None, None, None]


def test_a_chain_is_not_merged_because_only_kept_texts_count() -> None:
    # Each text drops the first word of the one before and adds one at its end.
    words = [f"word{'abcdefghijklmnopqrstuvwxyz'[index]}" for index in range(26)]
    first, second, third = (" ".join(words[start : start + 20]) for start in (0, 2, 4))
    assert measured(first, second) >= 0.8 > measured(first, third)
    assert measured(second, third) >= 0.8
    twins = twins_of([first, second, third])
    assert twins == [None, Twin(measured(first, second), row=0), None]


def test_an_accepted_text_is_named_before_a_newcomer_that_is_as_similar() -> None:
    text = " ".join(ALPHABET)
    accepted = ["something else that is not alike", text + " oscar"]
    assert twins_of([text, text.upper()], accepted) == [
        Twin(measured(text, accepted[1]), accepted_row=1),
        Twin(measured(text, accepted[1]), accepted_row=1),
    ]


def test_texts_of_accepted_samples_are_read_for_candidates_only() -> None:
    accepted = random_texts(300, 12, seed=1)
    read: list[int] = []

    def accepted_texts(numbers: Sequence[int]) -> list[str]:
        read.extend(numbers)
        return [accepted[number] for number in numbers]

    texts = [accepted[7] + " more", *random_texts(50, 12, seed=2)]
    twins = find_twins(
        texts, Sketches.of(texts), threshold=0.8, accepted=Sketches.of(accepted), accepted_texts=accepted_texts
    )
    assert twins[0] == Twin(measured(texts[0], accepted[7]), accepted_row=7)
    assert twins[1:] == [None] * 50
    assert read == [7]


def test_accepted_texts_are_read_once_for_many_that_are_compared_piece_by_piece() -> None:
    accepted = random_texts(30, 3000, seed=1)
    calls: list[Sequence[int]] = []

    def accepted_texts(numbers: Sequence[int]) -> list[str]:
        calls.append(numbers)
        return [accepted[number] for number in numbers]

    texts = [f"{text} more" for text in accepted]
    assert 2 * sum(map(len, texts)) > 3 * search._CHARACTERS_PER_PIECE
    twins = find_twins(
        texts, Sketches.of(texts), threshold=0.8, accepted=Sketches.of(accepted), accepted_texts=accepted_texts
    )
    assert [twin and twin.accepted_row for twin in twins] == list(range(30))
    assert len(calls) == 1


def test_the_wrong_number_of_texts_is_an_error() -> None:
    text = " ".join(ALPHABET)
    with pytest.raises(InvalidInput, match="gave 0 texts for 1 accepted samples"):
        find_twins(
            [text], Sketches.of([text]), threshold=0.8, accepted=Sketches.of([text]), accepted_texts=lambda _: []
        )


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_what_is_found_is_what_comparing_all_pairs_finds(threshold: float) -> None:
    generator = random.Random(3)
    texts = random_texts(150, 30, seed=4)
    for _ in range(250):
        words = generator.choice(texts).split()
        for _ in range(generator.randint(1, 6)):
            words[generator.randrange(len(words))] = generator.choice(ALPHABET)
        texts.append(" ".join(words))
    shingles = [Shingles.of(text) for text in texts]
    expected: list[bool] = []
    for row, entry in enumerate(shingles):
        kept = (earlier for earlier in range(row) if not expected[earlier])
        expected.append(any(similarity(entry, shingles[earlier]) >= threshold for earlier in kept))
    assert [twin is not None for twin in twins_of(texts, threshold=threshold)] == expected


def test_every_twin_is_kept_and_as_similar_as_it_says() -> None:
    texts = random_texts(40, 12, seed=5)
    texts += [f"{text} {ALPHABET[row % 14]}" for row, text in enumerate(texts)]
    twins = twins_of(texts)
    assert sum(twin is not None for twin in twins) == 40
    for text, twin in zip(texts, twins, strict=True):
        if twin is not None:
            assert twin.row is not None
            assert twins[twin.row] is None
            assert twin.similarity == measured(text, texts[twin.row])


def test_thousands_of_texts_that_differ_in_a_number_only_are_compared_without_pairing_them() -> None:
    texts = [f"order {number} of the customer was shipped from the warehouse yesterday" for number in range(10_000)]
    assert twins_of(texts) == [None] * 10_000


def test_the_most_similar_kept_text_is_named() -> None:
    text = " ".join(ALPHABET)
    accepted = [f"{text} oscar papa quebec", f"{text} oscar"]
    near = f"{text} oscar papa"
    assert twins_of([near], accepted) == [Twin(measured(near, accepted[1]), accepted_row=1)]
    assert twins_of([accepted[1], near]) == [None, Twin(measured(near, accepted[1]), row=0)]


def test_a_crowd_of_copies_is_compared_with_the_first_of_them() -> None:
    first = " ".join(ALPHABET)
    copies = [f"{first}{'!' * number}" for number in range(3 * CROWD)]
    assert twins_of([first, *copies]) == [None, *[Twin(1.0, row=0)] * len(copies)]
    assert twins_of(copies, [first]) == [Twin(1.0, accepted_row=0)] * len(copies)


def test_what_is_decided_in_blocks_is_what_comparing_all_pairs_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_TEXTS_PER_BLOCK", 7)
    monkeypatch.setattr(search, "CROWD", 3)
    test_what_is_found_is_what_comparing_all_pairs_finds(0.8)
