from types import SimpleNamespace

import pyarrow as pa

from data_engine.runtime.objects import tasks
from data_engine.runtime.objects.tasks import images_to_ask, object_proposals, seen_only_with_help


def test_what_a_decider_takes_needs_no_person() -> None:
    rows = {
        "sample_id": ["a", "b", "c"],
        "answer": ["{}", "[]", "{}"],
        "probability": [0.5, 0.9, 0.0],
        "route": ["person", "classifier", "person"],
        "reason": ["", "", "person: classifier (nothing is proposed: the segmenter 'x' failed)"],
    }
    found = object_proposals(SimpleNamespace(read=lambda table, columns: pa.table(rows).select(columns)))
    assert [(key, each.answer, each.is_accepted) for key, each in found.items()] == [
        ("a", "{}", False),
        ("b", "[]", True),
    ]


def test_before_there_are_proposals_rounds_follow_while_images_have_no_answer(monkeypatch) -> None:
    answered = pa.table({"sample_id": ["a", "a", "b"]})
    monkeypatch.setattr(tasks, "AcceptedTables", lambda *_: SimpleNamespace(read=lambda *_, **__: answered))
    gate, subset = SimpleNamespace(store=None), SimpleNamespace(n_rows=5, data_version="v")
    assert images_to_ask(gate, subset, 2) == ("3 images of the subset have no answer yet", "images:v:2")
    assert images_to_ask(gate, SimpleNamespace(n_rows=2, data_version="v"), 2)[1] is None


def test_images_that_were_only_answered_with_a_proposal_shown_are_asked_again_and_traps_say_nothing() -> None:
    said = [("a", "query", "proposed"), ("b", "query", "proposed"), ("b", "doubtful", "manual"),
            ("c", "control", "blind"), ("d", "trap", "trap"), ("e", "control", "assisted")]  # fmt: skip
    rows = [dict(zip(("sample_id", "purpose", "arm"), each, strict=True)) for each in said]
    assert sorted(seen_only_with_help(rows, seed=1)) == ["a", "e"]
    assert seen_only_with_help(rows, seed=1) == seen_only_with_help(rows[::-1], seed=1)
