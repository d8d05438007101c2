from data_engine.filtering.rules.rule import Rule


def test_a_score_at_the_limit_passes_and_one_that_does_not_apply_too() -> None:
    least = Rule("a", "text", "the a", len, "at_least", 2, "a person")
    most = Rule("b", "text", "the b", len, "at_most", 2, "a person")
    assert [least.rejects(score, 2) for score in (1, 2, 3, None)] == [True, False, False, False]
    assert [most.rejects(score, 2) for score in (1, 2, 3, None)] == [False, False, True, False]
