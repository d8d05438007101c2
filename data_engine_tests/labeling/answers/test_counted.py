from data_engine.labeling.answers.counted import counted_answers


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
