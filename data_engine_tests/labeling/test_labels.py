import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling import labels_from
from data_engine.schemas import LABELS, PROPOSALS, answer_text

NAMES = ("a", "b", "c")


@pytest.fixture
def corpus(make_classes):
    data = make_classes(30, 3, noise=0.1)
    data.embeddings = dict(zip(data.ids, data.x, strict=True))
    data.rows = [{"sample_id": i, "label": NAMES[y]} for i, y in zip(data.ids[:20], data.y[:20], strict=True)]
    return data


def labels_by_id(answers: pa.Table, corpus, proposals: pa.Table | None = None) -> dict[str, dict]:
    table = labels_from(answers, proposals, class_names=NAMES, embeddings_of=corpus.embeddings, seed=0)
    assert table.schema.equals(LABELS)
    ids = table["sample_id"].to_pylist()
    assert ids == sorted(set(ids))
    return {row["sample_id"]: row for row in table.to_pylist()}


def proposal(sample_id: str, label: str, route: str) -> dict:
    return {
        "sample_id": sample_id,
        "classifier_version": "v1",
        "kind": "class",
        "answer": answer_text({"label": label}),
        "label": label,
        "probability": 0.97,
        "probabilities": b"",
        "uncertainty": 0.03,
        "utility": 0.0,
        "difficulty": "easy",
        "route": route,
        "reason": "probability 0.97 >= gate 0.91",
    }


def test_answered_samples_get_their_label_and_its_maker(corpus, answer_table) -> None:
    found = labels_by_id(answer_table(*corpus.rows), corpus)
    assert len(found) == 20
    row = found[corpus.ids[0]]
    assert (row["label"], row["provenance"], row["n_annotations"], row["review_batch"]) == ("a", "human", 1, "b-000")
    assert row["classifier_version"] is None
    assert row["posterior"] > 0.9


def test_an_answer_of_an_imported_file_has_its_batch_and_a_label_of_the_data_has_none(corpus, answer_table) -> None:
    given = {"provenance": "imported", "purpose": "given"}
    table = answer_table(
        {"sample_id": corpus.ids[0], "label": "a", "review_batch": "notes-imported-001", "annotator": "ada", **given},
        {"sample_id": corpus.ids[1], "label": "a", "review_batch": "imported", "annotator": "imported", **given},
    )
    found = labels_by_id(table, corpus)
    shown = [(found[i]["provenance"], found[i]["n_annotations"], found[i]["review_batch"]) for i in corpus.ids[:2]]
    assert shown == [("imported", 1, "notes-imported-001"), ("imported", 0, None)]


def test_a_majority_decides_and_only_makers_of_the_label_count_for_provenance(corpus, answer_table) -> None:
    votes = [
        {"annotator": "ann", "label": "a", "provenance": "human"},
        {"annotator": "bob", "label": "a", "provenance": "model_accepted"},
        {"annotator": "eve", "label": "b", "provenance": "model_edited"},
    ]
    found = labels_by_id(answer_table(*({"sample_id": corpus.ids[0]} | vote for vote in votes)), corpus)
    row = found[corpus.ids[0]]
    assert (row["label"], row["provenance"], row["n_annotations"]) == ("a", "model_accepted", 3)


def test_what_a_reviewer_decided_is_the_label_against_all_answers_simulated_ones_too(corpus, answer_table) -> None:
    first = {"sample_id": corpus.ids[0]}
    simulated = first | {"label": "a", "provenance": "simulated", "is_simulated": True}
    given = [simulated | {"annotator": name} for name in ("simulated:x", "simulated:y", "simulated:z")]
    decision = first | {"label": "b", "provenance": "adjudicated", "annotator": "eve"}
    row = labels_by_id(answer_table(*corpus.rows[1:], *given, decision), corpus)[corpus.ids[0]]
    assert (row["label"], row["provenance"], row["posterior"]) == ("b", "adjudicated", 1.0)


def test_answers_of_who_misses_traps_count_less(corpus, answer_table) -> None:
    trap = {"purpose": "trap", "arm": "trap", "label": "b", "proposed_answer": answer_text({"label": "b"})}
    missed = [trap | {"sample_id": corpus.ids[n], "annotator": name} for n in range(9) for name in ("bob", "eve")]
    caught = [row | {"label": "a", "annotator": "ann"} for row in missed[::2]]
    sample = {"sample_id": corpus.ids[21]}
    votes = [sample | {"annotator": "ann", "label": "a"}]
    votes += [sample | {"annotator": name, "label": "b"} for name in ("bob", "eve")]
    assert labels_by_id(answer_table(*votes), corpus)[corpus.ids[21]]["label"] == "b"
    assert labels_by_id(answer_table(*votes, *missed, *caught), corpus)[corpus.ids[21]]["label"] == "a"


def test_one_simulated_answer_makes_the_label_simulated(corpus, answer_table) -> None:
    real = {"sample_id": corpus.ids[0], "label": "a"}
    simulated = real | {"annotator": "simulated:x", "provenance": "simulated", "is_simulated": True}
    assert labels_by_id(answer_table(real, simulated), corpus)[corpus.ids[0]]["provenance"] == "simulated"


def test_the_label_is_always_one_that_somebody_gave(corpus, answer_table) -> None:
    wrong = {"sample_id": corpus.ids[20], "label": NAMES[(corpus.y[20] + 1) % 3]}
    row = labels_by_id(answer_table(*corpus.rows, wrong), corpus)[corpus.ids[20]]
    assert row["label"] == wrong["label"]
    assert row["posterior"] < 0.9
    assert row["quality"] < 0.3


def test_answers_to_traps_are_no_labels(corpus, answer_table) -> None:
    trap = {"sample_id": corpus.ids[29], "label": "b", "purpose": "trap", "arm": "trap", "proposed_label": "b"}
    assert corpus.ids[29] not in labels_by_id(answer_table(*corpus.rows, trap), corpus)


def test_accepted_proposals_become_model_auto_and_never_replace_an_answer(corpus, answer_table) -> None:
    proposals = pa.Table.from_pylist(
        [
            proposal(corpus.ids[0], "c", "classifier"),
            proposal(corpus.ids[25], "b", "classifier"),
            proposal(corpus.ids[26], "c", "person"),
        ],
        schema=PROPOSALS,
    )
    found = labels_by_id(answer_table(*corpus.rows), corpus, proposals)
    assert found[corpus.ids[0]]["label"] == "a"
    assert corpus.ids[26] not in found
    row = found[corpus.ids[25]]
    assert (row["label"], row["provenance"], row["n_annotations"]) == ("b", "model_auto", 0)
    assert (row["review_batch"], row["classifier_version"]) == (None, "v1")
    assert row["posterior"] == pytest.approx(0.97)


def test_what_rules_decide_says_so_and_names_no_classifier(corpus, answer_table) -> None:
    proposals = pa.Table.from_pylist([proposal(corpus.ids[25], "b", "rules")], schema=PROPOSALS)
    row = labels_by_id(answer_table(*corpus.rows), corpus, proposals)[corpus.ids[25]]
    assert (row["label"], row["provenance"], row["classifier_version"]) == ("b", "rule_auto", None)


@pytest.mark.parametrize(("simulated", "made_by"), [([], "foundation_auto"), (["foundation_model"], "simulated")])
def test_what_a_foundation_model_decides_says_so_and_a_simulated_one_is_simulated(
    corpus, answer_table, simulated, made_by
) -> None:
    proposals = pa.Table.from_pylist([proposal(corpus.ids[25], "b", "foundation_model")], schema=PROPOSALS)
    table = labels_from(
        answer_table(*corpus.rows),
        proposals,
        class_names=NAMES,
        embeddings_of=corpus.embeddings,
        seed=0,
        simulated=simulated,
    )
    (row,) = [row for row in table.to_pylist() if row["sample_id"] == corpus.ids[25]]
    assert (row["label"], row["provenance"], row["classifier_version"]) == ("b", made_by, None)


def test_a_route_to_an_unknown_decider_is_refused(corpus, answer_table) -> None:
    proposals = pa.Table.from_pylist([proposal(corpus.ids[25], "b", "accept")], schema=PROPOSALS)
    with pytest.raises(InvalidInput, match="decider is 'accept', which does not exist; use one of rules, classifier"):
        labels_by_id(answer_table(*corpus.rows), corpus, proposals)


def test_a_sample_without_embedding_keeps_its_label_with_unknown_quality(corpus, answer_table) -> None:
    del corpus.embeddings[corpus.ids[3]]
    row = labels_by_id(answer_table(*corpus.rows), corpus)[corpus.ids[3]]
    assert (row["label"], row["quality"]) == ("a", 0.5)


def test_no_answers_and_no_proposals_give_no_labels(corpus, answer_table) -> None:
    assert labels_by_id(answer_table(), corpus) == {}


def test_the_same_input_gives_the_same_rows_in_any_order(corpus, answer_table) -> None:
    def build(rows: list[dict]) -> pa.Table:
        return labels_from(answer_table(*rows), None, class_names=NAMES, embeddings_of=corpus.embeddings, seed=0)

    assert build(corpus.rows).equals(build(corpus.rows[::-1]))


def test_labels_outside_the_classes_are_refused(corpus, answer_table) -> None:
    with pytest.raises(UnknownLabel, match="zebra"):
        labels_by_id(answer_table({"sample_id": "s", "label": "zebra"}), corpus)
    with pytest.raises(UnknownLabel, match="proposals have the labels"):
        table = pa.Table.from_pylist([proposal("s", "zebra", "classifier")], schema=PROPOSALS)
        labels_by_id(answer_table(), corpus, table)


def test_embeddings_may_come_from_a_function(corpus, answer_table) -> None:
    def look_up(ids):
        return np.stack([corpus.embeddings[sample_id] for sample_id in ids])

    table = answer_table(*corpus.rows)
    by_function = labels_from(table, None, class_names=NAMES, embeddings_of=look_up, seed=0)
    assert by_function.equals(labels_from(table, None, class_names=NAMES, embeddings_of=corpus.embeddings, seed=0))
