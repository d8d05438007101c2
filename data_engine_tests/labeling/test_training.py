import json

import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import NotEnoughData, UnknownLabel
from data_engine.labeling import (
    Classifier,
    Comparison,
    LabelledSet,
    classifier_row,
    gate_of,
    probabilities_from_examples,
    row_in_service,
    train_round,
)
from data_engine.schemas import CLASSIFIER

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def first_round(make_classes, answer_table):
    """80 held out, 40 queried, 40 controlled, all answered rightly, in two batches."""
    data = make_classes(160, 4)

    def row(number: int, purpose: str, batch: str) -> dict:
        label = NAMES[data.y[number]]
        return {"sample_id": data.ids[number], "purpose": purpose, "label": label, "review_batch": batch}

    rows = [row(number, "hold_out", "b-000") for number in range(80)]
    rows += [row(number, "query", "b-000") for number in range(80, 120)]
    rows += [row(number, "control", "b-001") for number in range(120, 160)]
    data.embeddings = dict(zip(data.ids, data.x, strict=True))
    data.rows, data.build = rows, answer_table
    data.train = lambda rows, **changes: train_round(
        answer_table(*rows), data.embeddings, **{"class_names": NAMES, "target_precision": 0.9, "seed": 0} | changes
    )
    return data


def test_a_round_trains_outside_the_hold_out_and_measures_on_it(first_round) -> None:
    trained = first_round.train(first_round.rows)
    assert (len(trained.training), len(trained.hold_out), trained.n_rounds) == (80, 80, 2)
    assert not set(trained.training.sample_ids) & set(trained.hold_out.sample_ids)
    assert trained.accuracy == 1.0
    assert trained.accuracy_low == pytest.approx(0.05 ** (1 / 80))
    assert (trained.n_query, trained.n_control) == (40, 40)
    assert trained.query_accuracy == trained.control_accuracy == 1.0
    assert trained.gate.n_checked == 80
    assert trained.classifier.class_names == NAMES


def test_a_sample_of_the_hold_out_is_never_trained_on_even_if_asked_again(first_round) -> None:
    again = first_round.rows[0] | {"purpose": "audit", "arm": "blind"}
    trained = first_round.train([*first_round.rows, again])
    assert first_round.ids[0] not in trained.training.sample_ids
    assert len(trained.hold_out) == 80


def test_answers_to_traps_are_not_learnt_from(first_round) -> None:
    trap = {"sample_id": first_round.ids[90], "purpose": "trap", "arm": "trap", "label": "a", "review_batch": "b-009"}
    with_trap = first_round.train([*first_round.rows, trap, trap | {"annotator": "bob"}])
    assert with_trap.classifier.version == first_round.train(first_round.rows).classifier.version
    assert with_trap.n_rounds == 2


def test_the_last_revision_of_an_answer_counts(first_round) -> None:
    wrong = first_round.rows[85] | {"label": "a" if first_round.rows[85]["label"] != "a" else "b"}
    corrected = first_round.rows[85] | {"revision": 2}
    rows = [*first_round.rows[:85], *first_round.rows[86:], corrected, wrong]
    assert first_round.train(rows).classifier.version == first_round.train(first_round.rows).classifier.version


def test_query_and_control_accuracy_are_none_without_their_batches(first_round) -> None:
    trained = first_round.train(first_round.rows[:120])
    assert trained.control_accuracy is None
    assert trained.query_accuracy is not None


def test_samples_that_lost_their_embedding_are_named(first_round) -> None:
    del first_round.embeddings[first_round.ids[100]]
    trained = first_round.train(first_round.rows)
    assert trained.without_embedding == (first_round.ids[100],)
    assert len(trained.training) == 79


def test_embeddings_may_come_from_a_function(first_round) -> None:
    def look_up(ids):
        return np.stack([first_round.embeddings[sample_id] for sample_id in ids])

    table = first_round.build(*first_round.rows)
    trained = train_round(table, look_up, class_names=NAMES, target_precision=0.9, seed=0)
    assert trained.classifier.version == first_round.train(first_round.rows).classifier.version


def test_the_row_has_the_schema_and_brings_back_classifier_and_gate(first_round) -> None:
    trained = first_round.train(first_round.rows)
    table = classifier_row(trained, Comparison(True, "the first"), encoder_version="e-1")
    assert table.schema.equals(CLASSIFIER)
    row = table.to_pylist()[0]
    assert row["n_training"] == 80
    assert (row["is_in_service"], row["took_over"]) == (True, True)
    assert (row["comparison"], row["encoder_version"]) == ("the first", "e-1")
    assert Classifier.from_bytes(row["artefact"]).version == row["classifier_version"] == trained.classifier.version
    assert gate_of(row, confidence=0.9) == trained.gate


def test_a_gate_that_accepts_nothing_survives_the_row(first_round) -> None:
    trained = first_round.train(first_round.rows, target_precision=0.99)
    row = classifier_row(trained, Comparison(False, "worse"), encoder_version="e-1").to_pylist()[0]
    assert (row["gate_threshold"], row["gate_lower_bound"], row["gate_n_checked"]) == (None, None, 0)
    assert gate_of(row, confidence=0.9) == trained.gate


def test_gates_of_classes_survive_the_row_with_the_names_of_the_classes(first_round) -> None:
    trained = first_round.train(first_round.rows, target_precision=0.75, gate_per_class=True)
    assert len(trained.gate.of_class) == 4
    row = classifier_row(trained, Comparison(True, "the first"), encoder_version="e-1").to_pylist()[0]
    assert set(json.loads(row["gate_by_class"])) == set(NAMES)
    assert gate_of(row, confidence=0.9, class_names=NAMES) == trained.gate


def test_the_fingerprint_of_a_training_set_follows_its_samples_and_classes(first_round) -> None:
    trained = first_round.train(first_round.rows)
    assert trained.training.version == first_round.train(first_round.rows[::-1]).training.version
    other = [first_round.rows[0] | {"sample_id": first_round.ids[80], "label": "d", "revision": 2}]
    assert trained.training.version != first_round.train([*first_round.rows, *other]).training.version
    assert trained.hold_out.version != trained.training.version


def test_the_kind_of_model_is_chosen_by_name(first_round) -> None:
    trained = first_round.train(first_round.rows, model="neighbours")
    row = classifier_row(trained, Comparison(True, "the first"), encoder_version="e-1").to_pylist()[0]
    assert (trained.classifier.kind, row["model"]) == ("neighbours", "neighbours")
    assert trained.accuracy == 1.0


def test_missing_parts_and_unknown_labels_are_refused(first_round) -> None:
    with pytest.raises(NotEnoughData, match="0 answers"):
        first_round.train([])
    with pytest.raises(NotEnoughData, match="0 answered hold-out samples"):
        first_round.train(first_round.rows[80:])
    with pytest.raises(NotEnoughData, match="0 answered samples outside the hold-out"):
        first_round.train(first_round.rows[:80])
    with pytest.raises(UnknownLabel, match="1 answered labels are not among the 4 classes: zebra"):
        first_round.train([*first_round.rows, first_round.rows[0] | {"label": "zebra", "task_id": "t"}])


def test_the_newest_of_the_rows_in_service_is_the_one_in_service() -> None:
    versions = ["v1", "v2", "v3"]
    rows = pa.table({"classifier_version": versions, "is_in_service": [True, True, False]})
    assert row_in_service(rows) == {"classifier_version": "v2", "is_in_service": True}
    assert row_in_service(rows.slice(2)) is None
    assert row_in_service(rows.slice(3)) is None


def _examples(data) -> LabelledSet:
    """One example of each class, of the hold-out's samples, as a class name might be."""
    first = [int(np.flatnonzero(data.y[:80] == number)[0]) for number in range(4)]
    return LabelledSet(tuple(f"class name {name}" for name in NAMES), data.x[first], np.arange(4))


def test_examples_are_learnt_from_and_count_as_no_answers(first_round) -> None:
    of_two_classes = [row for row in first_round.rows if row["purpose"] == "hold_out" or row["label"] in ("a", "b")]
    without = first_round.train(of_two_classes)
    trained = first_round.train(of_two_classes, examples=_examples(first_round))
    assert len(trained.training) == len(without.training)
    assert without.classifier.has_examples.tolist() == [True, True, False, False]
    assert trained.classifier.has_examples.all()
    assert trained.accuracy > without.accuracy + 0.3
    assert trained.query_accuracy > without.query_accuracy


def test_before_anybody_answered_examples_alone_say_something(first_round) -> None:
    probabilities = probabilities_from_examples(_examples(first_round), first_round.x, class_names=NAMES, seed=0)
    assert probabilities.shape == (160, 4)
    assert (probabilities.argmax(axis=1) == first_round.y).mean() > 0.9
