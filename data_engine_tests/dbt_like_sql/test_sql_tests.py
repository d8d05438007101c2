import json

import pytest
from warehouse_corpus import FOLDER, HELD_JUNE, ROWS, answer, decided, label, released, write_corpus

from data_engine.warehouse import load_models, load_tests, run_tests

MODELS, TESTS = load_models(FOLDER), load_tests(FOLDER)
NAMES = [test.name for test in TESTS]


def _with(name, *more):
    return {name: [*ROWS[name], *more]}


def _without(name, **where):
    return {name: [row for row in ROWS[name] if not where.items() <= row.items()]}


def _set(name, where, **values):
    return {name: [{**row, **values} if where.items() <= row.items() else row for row in ROWS[name]]}


#: For every test rows that break it, and the first row that it then selects.
BROKEN = {
    "every_sample_has_one_verdict": (
        _without("first_pass", uri="m3"),
        {"batch": "may", "uri": "m3", "n_verdicts": 0},
    ),
    "every_verdict_is_about_a_raw_sample": (
        _set("first_pass", {"uri": "j4"}, sample_id="x"),
        {"batch": "june", "uri": "j4", "sample_id": "x"},
    ),
    "kept_ids_are_unique_across_batches": (
        _set("first_pass", {"uri": "j4"}, sample_id="a"),
        {"sample_id": "a", "n_kept": 2, "first_batch": "june", "last_batch": "may"},
    ),
    "every_duplicate_points_to_a_kept_sample": (
        _set("first_pass", {"uri": "j3"}, duplicate_of="c"),
        {"sample_id": "h", "uri": "j3", "duplicate_of": "c"},
    ),
    "every_leaf_exists_in_the_tree": (
        _set("tree_assignments", {"sample_id": "i"}, leaf=7),
        {"sample_id": "i", "leaf": 7, "tree_version": "tree-1"},
    ),
    "subset_is_within_kept": (
        _set("balanced_subset", {"sample_id": "i"}, sample_id="c"),
        {"sample_id": "c", "n_chosen": 1, "n_kept": 0},
    ),
    "every_leaf_gives_its_quota": (
        _set("balanced_subset", {"sample_id": "i"}, quota=2),
        {"leaf": 3, "quota": 2, "leaf_size": 1, "n_chosen": 1},
    ),
    "labels_are_of_the_subset_or_from_people": (
        _with("labels", label("b", "mit", "model_auto", 1.0)),
        {"sample_id": "b", "n_labels": 1},
    ),
    "no_simulated_label_passes_for_human": (
        _set("labels", {"sample_id": "f"}, provenance="human"),
        {"sample_id": "f", "provenance": "human", "annotator": "simulated:reader"},
    ),
    "simulated_answers_are_marked": (
        _with("reviewed_labels", answer("9", "i", "t5", "simulated:reader", "mit", 3.0)),
        {
            "annotation_id": "9",
            "annotator": "simulated:reader",
            "is_simulated": True,
            "provenance": "simulated",
            "active_s": 3.0,
        },
    ),
    "release_has_no_out_of_scope": (
        _set("release", {"sample_id": "f"}, label="out_of_scope"),
        {"sample_id": "f", "label": "out_of_scope", "verdict": "released"},
    ),
    "released_labels_are_the_labels": (
        _with("release", released("d", "may", 0, "human", 1.0)),
        {
            "sample_id": "d",
            "released_label": "mit",
            "label": None,
            "released_provenance": "human",
            "provenance": None,
        },
    ),
    "funnel_only_shrinks": (
        _with("release", *(released(i, "may", 0, "human", 1.0) for i in ("b", "d"))),
        {"stage": "released", "n_samples": 4, "n_dropped": -1},
    ),
    "ledger_covers_every_raw_sample": (
        _without("ledger", sample_id="e"),
        {"batch": "may", "uri": "m6", "sample_id": "e"},
    ),
}


def _run(store, **keywords):
    return {result.name: result for result in run_tests(store, TESTS, MODELS, **keywords)}


def test_a_sound_corpus_passes_every_test(store):
    results = _run(store)

    assert list(results) == NAMES
    assert {name: result.rows for name, result in results.items() if not result.passed} == {}
    assert all(result.n_offending == 0 for result in results.values())


def test_what_a_held_batch_kept_may_be_kept_by_another_and_is_not_to_be_chosen(empty_store):
    july = [{"sample_id": i, "batch": "july", "uri": f"y{n}", "verdict": "kept", "reason": "kept"}
            for n, i in enumerate("jk", start=1)]  # fmt: skip
    first_pass = [*ROWS["first_pass"], *july]
    again = [{**row, "sample_id": "f"} if row["uri"] == "y1" else row for row in first_pass]
    raw = [{**row, "sample_id": "f"} if row["uri"] == "y1" else row for row in ROWS["raw_index"]]
    ledger = [*ROWS["ledger"], *(decided(i, "first_pass", "july", "kept") for i in ("f", "k"))]
    only_f = {name: [row for row in ROWS[name] if row["sample_id"] in "abdf"] for name in ("balanced_subset", "labels")}
    tree = [row for row in ROWS["tree_assignments"] if row["sample_id"] in "abdf"]
    changed = {"first_pass": again, "raw_index": raw, "ledger": ledger, "tree_assignments": tree, **only_f}
    write_corpus(empty_store, **changed, **HELD_JUNE)
    assert {name for name, result in _run(empty_store).items() if not result.passed} == set()
    # Chosen samples that only the held batch kept are found.
    write_corpus(empty_store, **HELD_JUNE)
    assert sorted(row["sample_id"] for row in _run(empty_store)["subset_is_within_kept"].rows) == ["f", "g", "i"]


def test_an_empty_corpus_passes_every_test(empty_store):
    assert all(result.passed for result in _run(empty_store).values())


@pytest.mark.parametrize("name", NAMES)
def test_every_test_finds_the_row_that_breaks_its_sentence(empty_store, name):
    changed, offending = BROKEN[name]
    write_corpus(empty_store, **changed)

    (result,) = run_tests(empty_store, [test for test in TESTS if test.name == name], MODELS)

    assert (result.passed, result.n_offending) == (False, len(result.rows))
    assert result.rows[0] == offending


def test_only_ten_offending_rows_come_back_and_they_are_json(empty_store):
    labels = [label(f"x{i:02d}", "mit", "model_auto", 1.0) for i in range(12)]
    write_corpus(empty_store, labels=labels)

    result = _run(empty_store)["labels_are_of_the_subset_or_from_people"]

    assert (result.n_offending, len(result.rows)) == (12, 10)
    json.dumps(result.rows, allow_nan=False)


def test_the_class_for_out_of_scope_is_a_variable(store):
    result = _run(store, variables={"out_of_scope": "mit"})["release_has_no_out_of_scope"]

    assert (result.n_offending, result.rows[0]["label"]) == (2, "mit")
    assert _run(store, variables={"out_of_scope": "it's"})["release_has_no_out_of_scope"].passed


def test_a_sample_that_the_ledger_holds_back_must_not_be_released(empty_store):
    ledger = [*_without("ledger", sample_id="f", step="release")["ledger"], decided("f", "release", "", "not_released")]
    write_corpus(empty_store, ledger=ledger)

    assert _run(empty_store)["release_has_no_out_of_scope"].rows[0]["verdict"] == "not_released"


@pytest.mark.parametrize("test", TESTS, ids=NAMES)
def test_every_description_is_one_sentence_and_every_name_says_the_same(test):
    assert test.description.endswith(".")
    assert test.refs
