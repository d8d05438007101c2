from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from PIL import Image

from data_engine import schemas
from data_engine.corpus import FirstPass
from data_engine.errors import InvalidInput
from data_engine.filtering import (
    FIRST_PASS_REASONS,
    JunkClassifier,
    LearnedFilters,
    first_pass,
    fit_junk_classifier,
    limits_of,
)
from data_engine.filtering.rules.media.image_look import look_at
from data_engine.images import DecodedImage
from data_engine.indexing import sample_id_of_text

DAY = datetime(2024, 1, 1, tzinfo=UTC)
RULES = FirstPass(min_chars=8, max_chars=200, min_letter_share=0.3)
NOTHING = pa.table({"sample_id": pa.array([], pa.string()), "minhash": pa.array([], pa.binary())})
SENTENCE = "This file is released under the terms of the licence that stands beside it"


def raw_index(*contents: str | None, uris: Sequence[str] | None = None, **changes: Any) -> pa.Table:
    rows = [
        {
            "sample_id": sample_id_of_text(text) if text is not None else f"{row:032x}",
            "batch": "b",
            "uri": uris[row] if uris else f"{row:03d}",
            "media_type": "text/plain",
            "n_bytes": 1,
            "arrived_at": DAY,
            "text": text,
            "metadata": "{}",
            "is_readable": True,
            **changes,
        }
        for row, text in enumerate(contents)
    ]
    return pa.Table.from_pylist(rows, schema=schemas.RAW_INDEX)


def refuse(sample_ids: Sequence[str]) -> list[str]:
    raise AssertionError(f"the texts of {sample_ids} are not needed")


def judge(
    raw: pa.Table,
    rules: FirstPass = RULES,
    junk: JunkClassifier | None = None,
    modality: Literal["text", "image"] = "text",
    **settings: Any,
) -> list[dict[str, Any]]:
    table = first_pass(
        raw,
        limits_of(modality, rules.rules, rule_sets=rules.rule_sets, defaults=rules.rule_defaults),
        batch="b",
        near_duplicate_similarity=rules.similarity_of(modality),
        learned=LearnedFilters(junk=junk),
        modality=modality,
        **{"accepted": NOTHING, "text_of": refuse, **settings},
    )
    assert table.schema.equals(schemas.FIRST_PASS, check_metadata=True)
    rows = table.to_pylist()
    assert [row["uri"] for row in rows] == sorted(raw["uri"].to_pylist())
    for row in rows:
        is_kept = row["verdict"] == "kept"
        assert row["batch"] == "b"
        assert row["reason"] in FIRST_PASS_REASONS
        assert is_kept == (row["reason"] == "kept") == (row["score"] is None) == (row["threshold"] is None)
        assert (row["duplicate_of"] is not None) == row["reason"].endswith("_duplicate")
        assert is_kept or row["minhash"] is None
    return rows


def accepted_from(*texts: str) -> dict[str, Any]:
    by_id = {sample_id_of_text(text): text for text in texts}
    rows = judge(raw_index(*texts))
    table = pa.table({"sample_id": [row["sample_id"] for row in rows], "minhash": [row["minhash"] for row in rows]})
    return {"accepted": table, "text_of": lambda sample_ids: [by_id[sample_id] for sample_id in sample_ids]}


def decided(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["reason"], row["score"], row["threshold"]


def test_a_good_text_is_kept_with_its_measures_and_signature() -> None:
    (row,) = judge(raw_index("  Good text, 42!\n"))
    assert (row["verdict"], row["reason"], row["duplicate_of"]) == ("kept", "kept", None)
    # 8 letters of the 12 characters of G o o d t e x t , 4 2 !
    assert (row["n_chars"], row["n_words"], row["letter_share"]) == (14, 3, pytest.approx(8 / 12))
    assert len(row["minhash"]) == 512
    assert row["junk_score"] is None


def test_each_limit_has_its_reason_score_and_threshold() -> None:
    rows = judge(
        raw_index("", " \n\u3000", "abcdefg", "abcdefgh", "x" * 201, "y" * 200, "12345 67 ab", "123 abc 45 de")
    )
    assert [decided(row) for row in rows] == [
        ("empty", 0.0, 1.0),
        ("empty", 0.0, 1.0),
        ("too_short", 7.0, 8.0),
        ("kept", None, None),
        ("too_long", 201.0, 200.0),
        ("kept", None, None),
        ("few_letters", pytest.approx(2 / 9), 0.3),
        ("kept", None, None),
    ]


def test_an_unreadable_sample_is_rejected_before_anything_else() -> None:
    raw = raw_index(None, None, is_readable=False, error="binary content", sample_id="f" * 32)
    assert [decided(row) for row in judge(raw)] == [("unreadable", 0.0, 1.0)] * 2
    assert judge(raw)[0]["n_chars"] is None


def test_the_first_of_equal_contents_by_uri_is_kept() -> None:
    raw = raw_index(SENTENCE, SENTENCE + "\r\n", "another text", uris=["c", "a", "b"])
    rows = judge(raw)
    assert [row["reason"] for row in rows] == ["kept", "kept", "exact_duplicate"]
    assert rows[2]["duplicate_of"] == sample_id_of_text(SENTENCE)


def test_of_two_rows_of_a_file_that_repeat_each_other_the_one_of_the_lower_number_stays() -> None:
    rows = judge(raw_index(SENTENCE + " now", SENTENCE, "another text", uris=["a#10", "a#2", "a"]))
    assert {row["uri"]: row["reason"] for row in rows} == {"a": "kept", "a#10": "near_duplicate", "a#2": "kept"}


def test_what_the_batch_kept_before_stays_when_a_copy_comes_whose_uri_sorts_first() -> None:
    changed = SENTENCE + " now"
    raw = raw_index(changed, SENTENCE, uris=["a", "m"])
    assert [row["reason"] for row in judge(raw)] == ["kept", "near_duplicate"]
    newcomer, kept = judge(raw, kept_before=[sample_id_of_text(SENTENCE)])
    assert (newcomer["reason"], kept["reason"]) == ("near_duplicate", "kept")
    assert newcomer["duplicate_of"] == kept["sample_id"]


def test_the_content_of_an_accepted_sample_is_rejected_without_reading_it() -> None:
    accepted = {**accepted_from(SENTENCE), "text_of": refuse}
    (row,) = judge(raw_index(SENTENCE), **accepted)
    assert decided(row) == ("exact_duplicate", 1.0, 1.0)
    assert row["duplicate_of"] == sample_id_of_text(SENTENCE)


def test_a_copy_of_a_rejected_text_is_rejected_for_the_same_because_no_twin_is_kept() -> None:
    assert [row["reason"] for row in judge(raw_index("short", "short"))] == ["too_short", "too_short"]
    again = SENTENCE + " now"
    first, near, copy = judge(raw_index(SENTENCE, again, again))
    assert (first["reason"], near["reason"], copy["reason"]) == ("kept", "near_duplicate", "near_duplicate")
    assert near["duplicate_of"] == copy["duplicate_of"] == first["sample_id"]


def test_a_near_duplicate_names_the_kept_sample_of_its_batch() -> None:
    first, second = judge(raw_index(SENTENCE, f"# {SENTENCE.upper()}."))
    assert first["reason"] == "kept"
    assert decided(second) == ("near_duplicate", 1.0, 0.8)
    assert second["duplicate_of"] == first["sample_id"]


def test_a_near_duplicate_names_the_accepted_sample_which_stays() -> None:
    accepted = accepted_from("Something quite different from it", SENTENCE)
    first, second = judge(raw_index(f"{SENTENCE} now", "A new text, unlike the others"), **accepted)
    # 13 words and 13 pairs are common; one of each is new.
    assert decided(first) == ("near_duplicate", pytest.approx(26 / 28), 0.8)
    assert first["duplicate_of"] == sample_id_of_text(SENTENCE)
    assert second["reason"] == "kept"


def test_a_chain_of_similar_texts_is_not_merged() -> None:
    words = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    chain = [" ".join(words[start : start + 20]) for start in (0, 2, 4)]
    assert [row["reason"] for row in judge(raw_index(*chain))] == ["kept", "near_duplicate", "kept"]


def test_a_text_like_a_rejected_one_is_kept() -> None:
    long_text = SENTENCE + " and so on" * 20
    rules = FirstPass(max_chars=len(long_text) - 1)
    assert [row["reason"] for row in judge(raw_index(long_text, long_text[:-3]), rules)] == ["too_long", "kept"]


def test_texts_with_other_versions_are_both_kept() -> None:
    texts = ("licenses.nuget.org/CC-BY-3.0-NL", "licenses.nuget.org/CC-BY-3.0-DE", "licenses.nuget.org/CC-BY-2.0-NL")
    assert [row["reason"] for row in judge(raw_index(*texts))] == ["kept"] * 3


def test_images_meet_only_the_rules_that_need_no_text() -> None:
    raw = raw_index(None, None, None, media_type="image/png")
    same = raw.set_column(0, raw.schema.field(0), pa.array(["a", "b", "a"]))
    accepted = pa.table({"sample_id": ["b"], "minhash": pa.array([None], pa.binary())})
    rows = judge(same, accepted=accepted)
    assert [row["reason"] for row in rows] == ["kept", "exact_duplicate", "exact_duplicate"]
    assert (rows[0]["minhash"], rows[0]["n_chars"], rows[0]["letter_share"]) == (None, None, None)


def junk_classifier() -> JunkClassifier:
    generator = np.random.default_rng(0)
    words = ["red", "green", "blue", "white", "black", "small", "large", "open", "closed", "early", "late"]
    clean = [f"the {' '.join(generator.choice(words, 5))} house" for _ in range(60)]
    junk = [f"value_{generator.integers(1000)} = func({generator.integers(100)});" for _ in range(60)]
    return fit_junk_classifier(clean + junk, [False] * 60 + [True] * 60, seed=0, keep_clean_share=0.99)


def test_junk_is_rejected_by_its_score_and_every_judged_text_has_one() -> None:
    classifier = junk_classifier()
    clean, junk, short = judge(raw_index("the small red open house", "value_77 = func(3);", "ab"), junk=classifier)
    assert [clean["reason"], junk["reason"], short["reason"]] == ["kept", "junk", "too_short"]
    assert decided(junk) == ("junk", junk["junk_score"], classifier.threshold)
    assert junk["junk_score"] > classifier.threshold >= clean["junk_score"]
    assert short["junk_score"] is None


def test_a_score_at_the_threshold_is_not_junk() -> None:
    classifier = junk_classifier()
    (score,) = classifier.score(["value_77 = func(3);"])
    (row,) = judge(raw_index("value_77 = func(3);"), junk=replace(classifier, threshold=float(score)))
    assert row["reason"] == "kept"


def test_junk_does_not_hide_a_clean_text_that_is_like_it() -> None:
    classifier = replace(junk_classifier(), threshold=-1.0)
    assert [row["reason"] for row in judge(raw_index(SENTENCE, SENTENCE + "."), junk=classifier)] == ["junk", "junk"]


def test_rows_come_sorted_and_the_same_again_whatever_their_order() -> None:
    texts = [f"{SENTENCE} {word}" for word in ("one", "two", "three", "four", "five", "six")]
    raw = raw_index(*texts)
    assert judge(raw) == judge(raw.take([5, 3, 0, 1, 4, 2]))


def test_an_empty_batch_gives_an_empty_table() -> None:
    assert judge(raw_index()) == []
    assert judge(raw_index(), junk=junk_classifier(), **accepted_from(SENTENCE)) == []


def test_signatures_of_another_format_are_refused() -> None:
    accepted = pa.table({"sample_id": ["a"], "minhash": pa.array([b"1234"], pa.binary())})
    with pytest.raises(InvalidInput, match="run the first pass of their batches again"):
        judge(raw_index(SENTENCE), accepted=accepted)


def test_texts_without_words_are_kept_when_no_rule_minds() -> None:
    rules = FirstPass(min_chars=0, min_letter_share=0)
    rows = judge(raw_index("!!!", "?!?"), rules)
    assert [(row["reason"], row["minhash"]) for row in rows] == [("kept", None)] * 2


def test_reasons_are_sentences() -> None:
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in FIRST_PASS_REASONS.values())


def one_image_in_two_sizes(**changes: Any) -> dict[str, Any]:
    """The settings that judge two images, a and m, of which each is the other in another size."""
    blobs = Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8))
    images = [blobs.resize(size, Image.Resampling.BICUBIC) for size in ((320, 240), (160, 120))]
    looks = dict(zip("am", [look_at(DecodedImage(image)) for image in images], strict=True))
    return {
        "raw": raw_index(None, None, uris=["a", "m"], media_type="image/png"),
        "modality": "image",
        "read": lambda rows: [looks[uri] for uri in rows["uri"].to_pylist()],
        **changes,
    }


@pytest.mark.parametrize(("similarity", "reasons"), [(0.97, ["kept", "near_duplicate"]), (False, ["kept", "kept"])])
def test_perceptual_duplicates_can_be_off_and_kept_images_have_their_sketch(
    similarity: float | bool, reasons: list[str]
) -> None:
    rules = FirstPass(near_duplicate_image_similarity=similarity)
    rows = judge(rules=rules, **one_image_in_two_sizes())
    assert [row["reason"] for row in rows] == reasons
    assert [row["sketch"] is not None for row in rows] == [row["verdict"] == "kept" for row in rows]


def test_a_image_that_the_batch_kept_before_stays_when_a_copy_comes_whose_uri_sorts_first() -> None:
    newcomer, kept = judge(rules=FirstPass(), **one_image_in_two_sizes(kept_before=[f"{1:032x}"]))
    assert (newcomer["reason"], kept["reason"]) == ("near_duplicate", "kept")
    assert newcomer["duplicate_of"] == kept["sample_id"] == f"{1:032x}"


def test_an_accepted_image_is_named_by_both_of_its_copies_and_only_asked_for_by_their_sketches() -> None:
    settings = one_image_in_two_sizes()
    asked: list[int] = []

    def accepted_near(sketches: NDArray[np.uint8]) -> pa.Table:
        asked.append(len(sketches))
        return pa.table({"sample_id": ["x"], "sketch": [sketches[0].tobytes()]})

    rows = judge(rules=FirstPass(), accepted_near=accepted_near, **settings)
    assert [(row["reason"], row["duplicate_of"]) for row in rows] == [("near_duplicate", "x")] * 2
    assert asked == [2]


def test_a_fuzzy_duplicate_stays_where_the_rule_is_off_and_has_its_signature() -> None:
    texts = f"{SENTENCE} and says what may be done", f"{SENTENCE} and says what can be done", SENTENCE, SENTENCE
    rows = judge(raw_index(*texts), FirstPass(near_duplicate_similarity=False))
    assert [row["reason"] for row in rows] == ["kept", "kept", "kept", "exact_duplicate"]
    assert [row["minhash"] is not None for row in rows] == [True, True, True, False]
