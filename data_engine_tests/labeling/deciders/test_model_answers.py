from data_engine.labeling.deciders.model_answers import AnsweredSample, certified_answers, model_opinion

SURE = {f"s{n}": AnsweredSample("a", 0.9) for n in range(30)}
TRUTHS = dict.fromkeys(SURE, "a")


def test_answers_are_certified_by_their_confidence_and_missing_ones_do_not_count() -> None:
    unsure = {f"u{n}": AnsweredSample("b", 0.6) for n in range(10)}
    silent = {f"n{n}": AnsweredSample(None, None, "timed_out") for n in range(40)}
    truths = TRUTHS | dict.fromkeys([*unsure, *silent], "a")
    gate = certified_answers(SURE | unsure | silent, truths, target_precision=0.9, confidence=0.9)
    assert (gate.threshold, gate.n_checked) == (0.9, 30)
    assert certified_answers(unsure, truths, target_precision=0.9, confidence=0.9).threshold is None
    assert certified_answers({"new": SURE["s1"]}, TRUTHS, target_precision=0.9, confidence=0.9).n_checked == 0


def test_an_opinion_says_confidence_gate_and_cost_or_why_there_is_none() -> None:
    gate = certified_answers(SURE, TRUTHS, target_precision=0.9, confidence=0.9)
    answers = {"x": AnsweredSample("a", 0.95, "cost 0.12"), "y": AnsweredSample(None, None, "small gave no answer")}
    opinion = model_opinion("small", ["x", "y", "z"], answers, gate, not_asked="not asked")
    assert opinion.is_sure.tolist() == [True, False, False]
    assert [opinion.why(row) for row in range(3)] == [
        "confidence of small 0.9500 >= gate 0.9000, cost 0.12",
        "small gave no answer",
        "not asked",
    ]
