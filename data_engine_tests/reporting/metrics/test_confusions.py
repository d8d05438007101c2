from schema_tables import table

from data_engine.reporting.metrics.confusions import confusions

ANSWERS = [
    {"sample_id": f"s{n}", "task_id": f"t{n}", "purpose": purpose, "label": label, "revision": 1}
    for n, (purpose, label) in enumerate(
        [("hold_out", "a"), ("hold_out", "a"), ("hold_out", "b"), ("hold_out", "a"), ("query", "a")]
    )
]
PROPOSED = [("b", 0.6), ("b", 0.9), ("a", 0.5), ("a", 0.9), ("b", 0.9)]


def test_pairs_are_counted_on_the_hold_out_the_surest_mistake_first() -> None:
    proposals = [{"sample_id": f"s{n}", "label": label, "probability": p} for n, (label, p) in enumerate(PROPOSED)]
    tables = {"reviewed_labels": table("reviewed_labels", ANSWERS), "proposals": table("proposals", proposals)}
    found, n_wrong, n_compared = confusions(tables)
    assert (n_wrong, n_compared) == (3, 4)
    assert [(each.answered, each.proposed, each.n, each.n_answered) for each in found] == [
        ("a", "b", 2, 3),
        ("b", "a", 1, 1),
    ]
    assert found[0].sample_ids == ("s1", "s0")
    assert confusions({}) == ((), 0, 0)
