from data_engine.labeling.answers.counted import counted_answers, decisions_in


def test_the_last_revision_counts_and_traps_do_not(answer_table):
    table = answer_table(
        {"sample_id": "s2", "label": "b"},
        {"sample_id": "s1", "label": "a"},
        {"sample_id": "s1", "label": "c", "revision": 2},
        {"sample_id": "s1", "label": "a", "annotator": "bob"},
        {"sample_id": "s3", "label": "a", "purpose": "trap", "arm": "trap"},
    )
    assert [(row["sample_id"], row["annotator"], row["label"]) for row in counted_answers(table)] == [
        ("s1", "ann", "c"),
        ("s1", "bob", "a"),
        ("s2", "ann", "b"),
    ]


def test_of_several_decisions_about_a_sample_that_of_the_newest_batch_stands(answer_table):
    decision = {"sample_id": "s1", "provenance": "adjudicated", "annotator": "ann"}
    rows = counted_answers(
        answer_table(
            {"sample_id": "s1", "label": "a"},
            decision | {"label": "c", "review_batch": "b-002", "task_id": "t2"},
            decision | {"label": "b", "review_batch": "b-001", "task_id": "t-s1-query"},
            {"sample_id": "s2", "label": "b"},
        )
    )
    assert len(rows) == 4
    assert {sample_id: row["label"] for sample_id, row in decisions_in(rows).items()} == {"s1": "c"}
