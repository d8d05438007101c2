import pyarrow as pa
from schema_tables import table
from sound_tables import CORPUS

from data_engine.quality.expectations import ExpectationOutcome, Profile, run_suite
from data_engine.quality.label_truths import (
    PROVENANCES,
    class_or_empty,
    every_label_is_a_class,
    provenance_is_known,
)


def _rows(column: str, *values: str) -> Profile:
    return Profile(pa.table({"sample_id": [str(n) for n in range(len(values))], column: list(values)}), "sample_id")


def test_a_label_says_who_made_it_in_the_words_of_the_schema() -> None:
    truth = provenance_is_known(_rows("provenance", *PROVENANCES, "somebody"))
    assert run_suite("one", [truth])["provenance_is_known"] == ExpectationOutcome(False, 1, (str(len(PROVENANCES)),))
    assert truth.value(1) == f"labels of unknown provenance: 1 of {len(PROVENANCES) + 1}"


def test_a_label_is_a_class_of_the_corpus_or_out_of_scope() -> None:
    truth = every_label_is_a_class(_rows("label", "a", "junk", "c", ""), CORPUS)
    assert run_suite("one", [truth])["every_label_is_a_class"] == ExpectationOutcome(False, 2, ("2", "3"))
    assert truth.rule == "each must be one of the corpus' 3 classes"


def test_an_answer_that_should_be_a_class_and_is_none_is_the_empty_text() -> None:
    rows = table("labels", [{"label": "a"}, {"label": None}, {"label": None, "kind": "masks"}])
    assert class_or_empty(rows).to_pylist() == ["a", "", None]
