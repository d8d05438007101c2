from math import log

import pytest
from warehouse_corpus import FOLDER, HELD_JUNE, ROWS, at, write_corpus

from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.warehouse import load_models, query, run_models

MODELS = load_models(FOLDER)

ANNA = shown_annotator("anna")
MARTS = [model.name for model in MODELS if model.layer == "marts"]

#: The marts whose rows a test below states.
CHECKED_BY_HAND = [
    "alarm_history",
    "annotator_agreement",
    "annotator_by_batch",
    "annotator_confusion",
    "annotator_pace",
    "balance_by_level",
    "batch_agreement",
    "batch_history",
    "annotation_stage_costs",
    "cost_by_decider",
    "first_pass_labels",
    "funnel",
    "funnel_stages",
    "label_history",
    "label_quality_by_class",
    "release_contents",
    "step_seconds",
]


@pytest.fixture(scope="module")
def results(store):
    return {result.name: result for result in run_models(store, MODELS, run_id="run-9")}


@pytest.fixture(scope="module")
def mart(store, results):
    return lambda name, columns="*": query(store, f"select {columns} from {name}").to_pylist()


def test_funnel_has_one_row_per_batch_and_reason(mart):
    assert mart("funnel") == [
        {"batch": "june", "verdict": "kept", "reason": "kept", "n_samples": 3, "share_of_batch": 0.75},
        {"batch": "june", "verdict": "rejected", "reason": "near_duplicate", "n_samples": 1, "share_of_batch": 0.25},
        {"batch": "may", "verdict": "kept", "reason": "kept", "n_samples": 3, "share_of_batch": 0.5},
        {"batch": "may", "verdict": "rejected", "reason": "exact_duplicate", "n_samples": 1, "share_of_batch": 1 / 6},
        {"batch": "may", "verdict": "rejected", "reason": "too_short", "n_samples": 1, "share_of_batch": 1 / 6},
        {"batch": "may", "verdict": "rejected", "reason": "unreadable", "n_samples": 1, "share_of_batch": 1 / 6},
    ]


def test_funnel_stages_go_from_raw_to_released(mart):
    assert [tuple(row.values()) for row in mart("funnel_stages")] == [
        (1, "raw", 12, 1.0, None),
        (2, "kept", 8, 8 / 12, 4),
        (3, "unique", 6, 0.5, 2),
        (4, "chosen", 4, 4 / 12, 2),
        (5, "labelled", 3, 0.25, 1),
        (6, "released", 2, 2 / 12, 1),
    ]


def test_what_a_held_batch_kept_is_held_and_counts_as_kept_nowhere(empty_store):
    write_corpus(empty_store, **HELD_JUNE)
    list(run_models(empty_store, MODELS, run_id="run-9"))

    def rows(sql):
        return [tuple(row.values()) for row in query(empty_store, sql).to_pylist()]

    assert rows("select stage, n_samples from funnel_stages limit 3") == [("raw", 12), ("kept", 4), ("unique", 3)]
    assert rows("select verdict, reason, n_samples from funnel where batch = 'june'") == [
        ("held", "held", 3),
        ("rejected", "near_duplicate", 1),
    ]
    assert rows("select batch, n_kept, n_held, held_by from batch_history") == [
        ("july", None, None, None),
        ("june", 0, 3, "enough_is_kept"),
        ("may", 3, 0, None),
    ]
    assert rows("select distinct batch from first_pass_labels") == [("may",)]


def test_a_verdict_on_rows_that_were_written_anew_since_holds_nothing(empty_store):
    changed = {"check_results": [{**row, "data_version": "former:rules"} for row in HELD_JUNE["check_results"]]}
    write_corpus(empty_store, **changed)
    assert query(empty_store, "select * from int_held_batches", models=MODELS).num_rows == 0


def test_balance_by_level_measures_before_and_after(mart):
    # Raw leaves hold 3, 1, 1, 1 samples and raw top clusters 4 and 2; one is chosen from each leaf.
    fine, coarse = mart("balance_by_level")

    assert (fine["level"], fine["n_clusters"], fine["n_clusters_chosen"]) == (1, 4, 4)
    assert (fine["n_samples"], fine["n_chosen"]) == (6, 4)
    assert (fine["largest_share_raw"], fine["largest_share_chosen"]) == (0.5, 0.25)
    assert fine["kl_to_uniform_raw"] == pytest.approx(0.5 * log(2) + 0.5 * log(2 / 3))
    assert fine["kl_to_uniform_chosen"] == pytest.approx(0)
    assert fine["gini_raw"] == pytest.approx(0.25)
    assert fine["gini_chosen"] == pytest.approx(0)

    assert (coarse["level"], coarse["n_clusters"], coarse["n_clusters_chosen"]) == (2, 2, 2)
    assert (coarse["largest_share_raw"], coarse["largest_share_chosen"]) == (4 / 6, 0.5)
    assert coarse["kl_to_uniform_raw"] == pytest.approx(2 / 3 * log(4 / 3) + 1 / 3 * log(2 / 3))
    assert coarse["gini_raw"] == pytest.approx(1 / 6)
    assert coarse["kl_to_uniform_chosen"] == pytest.approx(0)


def test_label_quality_by_class_counts_who_made_the_labels(mart):
    mit, out_of_scope = mart("label_quality_by_class")

    assert mit == {
        "label": "mit",
        "n_labels": 2,
        "n_human": 1,
        "n_adjudicated": 0,
        "n_human_assisted": 0,
        "n_model_accepted": 0,
        "n_model_edited": 0,
        "n_imported": 0,
        "n_model_auto": 0,
        "n_rule_auto": 0,
        "n_foundation_auto": 0,
        "n_simulated": 1,
        "mean_quality": 0.625,
        "mean_posterior": 0.75,
        "n_suspicious": 1,
    }
    assert (out_of_scope["label"], out_of_scope["n_model_auto"], out_of_scope["n_suspicious"]) == ("out_of_scope", 1, 0)


def test_annotator_pace_takes_the_last_answers_and_no_seconds_of_simulated_annotators(mart):
    # anna: a mit (revised, 6 s), f bsd (8 s), trap bsd (2 s), g out_of_scope (20 s).
    assert mart("annotator_pace") == [
        {
            "annotator": ANNA,
            "is_simulated": False,
            "n_answers": 4,
            "median_active_s": 7.0,
            "n_compared": 3,
            "agreement_share": 2 / 3,
            "n_traps": 1,
            "trap_catch_rate": 0.0,
        },
        {
            "annotator": "simulated:reader",
            "is_simulated": True,
            "n_answers": 3,
            "median_active_s": None,
            "n_compared": 2,
            "agreement_share": 1.0,
            "n_traps": 1,
            "trap_catch_rate": 1.0,
        },
    ]


def test_annotator_agreement_compares_shared_samples_without_traps(mart):
    # Both answered f (bsd against mit) and g (the same); by chance they agree on a quarter, 1/2 x 1/2 for g.
    (pair,) = mart("annotator_agreement")
    assert pair.pop("kappa") == pytest.approx((0.5 - 0.25) / (1 - 0.25))
    assert pair == {"annotator_a": ANNA, "annotator_b": "simulated:reader", "n_shared": 2, "agreement_share": 0.5}


def test_annotator_confusion_shows_what_is_answered_for_what(mart):
    rows = mart("annotator_confusion", "annotator, agreed_label, answered_label, n_answers, share_of_agreed")
    assert [tuple(row.values()) for row in rows] == [
        (ANNA, "mit", "bsd", 1, 0.5),
        (ANNA, "mit", "mit", 1, 0.5),
        (ANNA, "out_of_scope", "out_of_scope", 1, 1.0),
        ("simulated:reader", "mit", "mit", 1, 1.0),
        ("simulated:reader", "out_of_scope", "out_of_scope", 1, 1.0),
    ]


def test_batch_agreement_is_krippendorffs_alpha_of_what_was_answered_twice(mart):
    from data_engine.labeling.answers.class_answers import ClassAnswers

    # f has bsd and mit, g the same twice: of 4 answers, 2 are out_of_scope.
    rows = {row["review_batch"]: row for row in mart("batch_agreement")}
    shared = [row for row in rows.values() if row["n_shared"]]
    assert [row["n_shared"] for row in shared] == [2]
    given = [{"anna": "bsd", "reader": "mit"}, {"anna": "out", "reader": "out"}]
    assert shared[0]["alpha"] == pytest.approx(ClassAnswers().agreement(given))
    assert all(row["alpha"] is None for row in rows.values() if not row["n_shared"])


def test_annotator_by_batch_compares_each_batch_with_the_earlier_ones(mart):
    rows = mart("annotator_by_batch")
    assert {(row["annotator"], row["n_answers"], row["trap_catch_rate"]) for row in rows} >= {
        ("simulated:reader", 3, 1.0)
    }
    first = {row["annotator"]: row for row in reversed(rows)}
    assert all(row["agreement_drift"] is None and row["trap_catch_drift"] is None for row in first.values())
    assert all(row["median_active_s"] is None for row in rows if row["is_simulated"])


def test_batch_history_has_null_where_a_step_has_not_seen_the_batch(mart):
    july, june, may = mart("batch_history")

    assert may == {
        "batch": "may",
        "n_raw": 6,
        "n_unreadable": 1,
        "n_kept": 3,
        "n_held": 0,
        "held_by": None,
        "n_embedded": 3,
        "drift_p_value": None,
        "is_drift_alarm": None,
        "first_arrived_at": at(1),
        "last_arrived_at": at(6),
        "last_written_at": at(12),
        "raw_index_data_version": "raw_index@may",
        "first_pass_data_version": "first_pass@may",
        "embeddings_data_version": "embeddings@may",
    }
    # The p-value of june alone is no alarm, but the batch before it was suspect as well.
    assert (june["drift_p_value"], june["is_drift_alarm"], june["embeddings_data_version"]) == (0.03, True, None)
    assert (july["drift_p_value"], july["is_drift_alarm"]) == (0.004, True)
    assert (july["n_raw"], july["n_kept"], july["n_embedded"]) == (2, None, None)
    assert (july["last_written_at"], july["first_pass_data_version"]) == (at(22), None)


def test_release_contents_shares_add_up_to_one(mart):
    assert mart("release_contents") == [
        {
            "release_id": "release-1",
            "label": "mit",
            "n_samples": 2,
            "share_of_release": 1.0,
            "n_human": 1,
            "n_adjudicated": 0,
            "n_human_assisted": 0,
            "n_model_accepted": 0,
            "n_model_edited": 0,
            "n_imported": 0,
            "n_model_auto": 0,
            "n_rule_auto": 0,
            "n_foundation_auto": 0,
            "n_simulated": 1,
            "n_outside_subset": 0,
            "mean_quality": 0.625,
        }
    ]


def test_step_seconds_sums_over_partitions(mart):
    assert [tuple(row.values()) for row in mart("step_seconds")] == [
        ("embeddings", 1, 1, 3, 4.0, at(12)),
        ("first_pass", 2, 2, 10, 3.0, at(14)),
        ("raw_index", 3, 3, 12, 1.75, at(22)),
        ("labels", 1, 1, 3, 0.125, at(23)),
    ]


def test_alarms_and_figures_over_time_say_how_long_and_how_much(empty_store):
    alarm = {"kind": "gate", "subject": "notes", "value": 0.1, "threshold": 0.2, "launched": "a batch"}
    alarms = [
        {**alarm, "cause": "1", "raised_at": at(10), "settled_at": at(12), "settled_by": "a newer value"},
        {**alarm, "cause": "2", "raised_at": at(14), "settled_at": None, "settled_by": None},
    ]
    figure = {"figure": "alpha", "subject": "all", "n": 40, "is_simulated": True}
    trends = [
        {**figure, "review_batch": "b1", "opened_at": at(10), "value": 0.75, "definitions": "one"},
        {**figure, "review_batch": "b2", "opened_at": at(11), "value": 0.5, "definitions": "other"},
        {**figure, "review_batch": "t1", "opened_at": at(11), "value": 0.9, "definitions": "third", "question": "tone"},
    ]
    write_corpus(empty_store, alarms=alarms, label_trends=trends)
    run_models(empty_store, MODELS, run_id="run-9")

    def rows(columns, mart):
        return [tuple(row.values()) for row in query(empty_store, f"select {columns} from {mart}").to_pylist()]

    seconds = (at(12) - at(10)).total_seconds()
    assert rows("cause, is_open, open_hours, n_of_subject", "alarm_history") == [
        ("2", True, None, 2),
        ("1", False, seconds / 3600, 2),
    ]
    assert rows("review_batch, value, change, has_other_classes", "label_history") == [
        ("t1", 0.9, None, False),
        ("b1", 0.75, None, False),
        ("b2", 0.5, -0.25, True),
    ]


def test_stages_of_annotation_say_what_they_cost_beside_the_first(empty_store):
    stage = {"question": "", "kind": "class", "n_samples": 9, "n_annotations": 9, "n_compared": 3, "target": 0.9}
    said = [(1, "manual", False, 4.0), (2, "proposed", False, 1.0), (1, "manual", True, None)]
    rows = [
        {**stage, "stage_number": number, "stage": name, "is_simulated": simulated, "seconds_per_annotation": seconds}
        for number, name, simulated, seconds in said
    ]
    write_corpus(empty_store, annotation_stages=rows)
    run_models(empty_store, MODELS, run_id="run-9")
    found = query(empty_store, "select stage, is_simulated, seconds_to_stage_one from annotation_stage_costs")
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("manual", False, 1.0),
        ("proposed", False, 0.25),
        ("manual", True, None),
    ]


def test_the_stage_of_each_class_is_there_for_sql(empty_store):
    row = {"question": "", "class": "coin", "is_simulated": False, "stage_number": 2, "stage": "semi-automatic"}
    row |= {"target": 0.9, "proposed_n": 60, "automatic_n": 0, "n_with_help": 9, "n_without_help": 8, "is_helped": True}
    write_corpus(empty_store, class_stages=[row])
    run_models(empty_store, MODELS, run_id="run-9")
    found = query(empty_store, "select class, stage, proposed_n, is_helped from class_stages")
    assert found.to_pylist() == [{"class": "coin", "stage": "semi-automatic", "proposed_n": 60, "is_helped": True}]


def test_every_mart_is_checked_by_hand():
    assert sorted(MARTS) == sorted(CHECKED_BY_HAND)


def test_first_pass_labels_say_language_and_topic_of_what_was_kept(empty_store):
    judged = [
        {**row, "language": "en", "signals": [("language_probability", 0.75)]} if row["sample_id"] == "f" else row
        for row in ROWS["first_pass"]
    ]
    portraits = [
        {"level": level, "cluster": cluster, "name": name, "n_samples": 1, "n_measured": 1, "nearest": [], "border": []}
        for level, cluster, name in ((1, 0, "bread"), (1, 1, "sail"), (2, 0, "kitchen and sea"), (2, 1, "trains"))
    ]
    named = [{**row, "tree_version": "tree-1"} for row in portraits]
    write_corpus(empty_store, first_pass=judged, cluster_portraits=named)
    run_models(empty_store, MODELS, run_id="run-9")
    columns = "sample_id, language, language_probability, topic, broad_topic, colourfulness"
    rows = [tuple(row.values()) for row in query(empty_store, f"select {columns} from first_pass_labels").to_pylist()]
    assert rows == [
        ("a", None, None, "bread", "kitchen and sea", None),
        ("b", None, None, "bread", "kitchen and sea", None),
        ("d", None, None, "bread", "kitchen and sea", None),
        ("f", "en", 0.75, "sail", "kitchen and sea", None),
        ("g", None, None, None, "trains", None),
        ("i", None, None, None, "trains", None),
    ]


@pytest.mark.parametrize("name", ROWS)
def test_every_staging_model_has_the_rows_of_its_table(results, name):
    assert results[f"stg_{name}"].n_rows == len(ROWS[name])


def test_a_result_says_rows_types_first_rows_and_origin(results):
    funnel = results["funnel"]

    assert (funnel.layer, funnel.n_rows, funnel.preview.num_rows) == ("marts", 6, 6)
    assert dict(funnel.columns) == {
        "batch": "VARCHAR",
        "verdict": "VARCHAR",
        "reason": "VARCHAR",
        "n_samples": "BIGINT",
        "share_of_batch": "DOUBLE",
    }
    assert funnel.seconds > 0
    assert funnel.lineage["reason"] == [("int_first_pass", "reason")]
    assert results["stg_first_pass"].lineage["is_kept"] == [("first_pass", "verdict")]
    assert results["stg_first_pass"].preview.num_rows == 8


def test_no_mart_has_a_type_that_only_duckdb_knows(results):
    kinds = {kind for name in MARTS for kind in results[name].columns.values()}

    assert kinds == {"VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "TIMESTAMP WITH TIME ZONE"}


def test_an_empty_corpus_gives_empty_marts_with_the_same_columns(empty_store, results):
    found = {result.name: result for result in run_models(empty_store, MODELS, run_id="run-9")}

    for name in MARTS:
        assert found[name].n_rows == 0
        assert dict(found[name].columns) == dict(results[name].columns)
        assert query(empty_store, f"select * from {name}").num_rows == 0


def test_costs_are_summed_by_decider_and_divided_by_its_labels(mart):
    found = mart("cost_by_decider", "decider, n_asked, n_labels, money, money_per_label, active_s_per_label")
    assert [tuple(row.values()) for row in found] == [
        ("person", 30, 20, 60.0, 3.0, 4.0),
        ("foundation_model", 50, 40, 10.0, 0.25, 0.0),
        ("classifier", 100, 0, 0.0, None, None),
    ]
    assert mart("cost_by_decider", "labels_of_next_unit") == [
        {"labels_of_next_unit": 20 / 60},
        {"labels_of_next_unit": 5.0},
        {"labels_of_next_unit": None},
    ]
