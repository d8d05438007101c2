import pytest
from pydantic import ValidationError

from data_engine.corpus import Corpus
from data_engine.corpus.given_labels import with_one_group


def _corpus(given: dict[str, object], **others: object) -> Corpus:
    labels = {"question": "?", "classes": ["Kites", "trains"], "renamed": {"locomotives": "trains"}, "given": given}
    source = {"kind": "jsonl", "path": "x", "pattern": "*"}
    return Corpus.model_validate(
        {"name": "n", "source": source, "subset": {"target_size": 1}, "labels": labels} | others
    )


def test_a_value_is_read_as_a_class_and_what_names_none_is_no_label() -> None:
    corpus = _corpus({"column": "tag"})
    values = ["kites ", "Locomotives", "bridge", "", None]
    assert [corpus.given_class(value) for value in values] == ["Kites", "trains", None, None, None]


def test_the_pattern_of_given_labels_is_their_own() -> None:
    corpus = _corpus({"column": "tag", "pattern": "a (.*)"}, known_label_column="topic", known_label_pattern="the (.*)")
    assert (corpus.given_class("a kites"), corpus.given_class("the kites")) == ("Kites", None)
    assert (corpus.named_class("the kites"), corpus.named_class("a kites")) == ("Kites", None)


def test_one_column_is_either_given_or_only_compared_with() -> None:
    with pytest.raises(
        ValidationError, match="both name 'tag': labels that are given are answers, which are trained on"
    ):
        _corpus({"column": "tag"}, known_label_column="tag")


@pytest.mark.parametrize(("pattern", "why"), [("(", "is no regular expression"), ("x", "has no group")])
def test_a_pattern_without_a_class_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"here .* {why}"):
        with_one_group("here", pattern)
    assert with_one_group("here", None) is None
