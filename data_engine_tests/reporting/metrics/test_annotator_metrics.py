from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.reporting.metrics.annotator_metrics import annotator_metrics


def _answer(sample, label, annotator, batch, **changes):
    answer = f'{{"label":"{label}"}}'
    row = {"sample_id": sample, "answer": answer, "label": label, "annotator": annotator, "review_batch": batch}
    plain = {"kind": "class", "purpose": "query", "arm": "manual", "is_simulated": False, "active_s": None}
    return {**plain, **row, "proposed_answer": None, **changes}


def test_agreement_and_traps_are_told_of_all_and_of_each_batch_and_annotator():
    trap = {"purpose": "trap", "arm": "trap", "proposed_answer": '{"label":"b"}'}
    answers = [
        *(_answer(f"s{n}", "ab"[n % 2], name, "one") for n in range(4) for name in ("ann", "bob")),
        *(_answer(f"s{n}", label, name, "two") for n in (5, 6) for name, label in (("ann", "a"), ("bob", "ab"[n % 2]))),
        _answer("t0", "a", "ann", "two", **trap),
        _answer("t1", "b", "bob", "two", **trap),
    ]
    found = {(metric.metric, metric.scope): metric.value for metric in annotator_metrics(answers)}
    rates = {scope: value for (name, scope), value in found.items() if name == "trap_catch_rate"}
    assert rates == {"all": 0.5, shown_annotator("ann"): 1.0, shown_annotator("bob"): 0.0}
    assert found["agreement", "one"] == 1.0
    assert found["agreement", "two"] < found["agreement", "all"] < 1.0
    assert (found["answers", "all"], found["answers", shown_annotator("ann")]) == (14, 7)


def test_who_misses_traps_since_the_newest_batch_is_told_with_the_change():
    trap = {"purpose": "trap", "arm": "trap", "proposed_answer": '{"label":"b"}'}
    answers = [
        *(_answer(f"t{n}", "a", name, "one", **trap) for n in range(12) for name in ("ann", "bob")),
        *(
            _answer(f"t{n}", label, name, "two", **trap)
            for n in range(8)
            for name, label in (("ann", "a"), ("bob", "b"))
        ),
    ]
    found = {m.scope: (m.value, m.n) for m in annotator_metrics(answers) if m.metric == "annotator_drift"}
    assert found == {f"{shown_annotator('bob')}, traps": (-1.0, 8)}


def test_nobody_who_answers_has_no_metrics():
    assert annotator_metrics([]) == []
