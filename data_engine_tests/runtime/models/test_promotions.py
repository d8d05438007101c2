from pathlib import Path

from written_steps import NOON, notes_runtime

from data_engine.runtime.models.promotions import (
    HandPromotion,
    add_promotion,
    hand_promotions,
    in_force,
    promotion_inputs,
)


def _said(number: int, action: str, version: str | None) -> HandPromotion:
    return HandPromotion(number, action, version, None, "ada", NOON, "why not")


def test_a_rollback_undoes_the_decision_before_it_and_one_without_any_is_a_decision() -> None:
    assert in_force([]) is None
    decided = [_said(1, "promote", "v1"), _said(2, "promote", "v2"), _said(3, "rollback", "v1")]
    assert in_force(decided[:2]) == decided[1]
    assert in_force(decided) == decided[0]
    assert in_force([*decided, _said(4, "rollback", None)]) is None
    alone = _said(1, "rollback", "v0")
    assert in_force([alone]) == alone
    assert in_force([alone, _said(2, "rollback", None)]) is None


def test_decisions_are_kept_in_order_and_what_is_in_force_is_an_input(tmp_path: Path) -> None:
    store = notes_runtime(tmp_path).store()
    assert (hand_promotions(store), promotion_inputs(store)) == ([], {})
    first, second = _said(1, "promote", "v1"), _said(2, "rollback", None)
    add_promotion(store, first, run_id="models")
    assert list(promotion_inputs(store)) == ["promotions by hand"]
    add_promotion(store, second, run_id="models")
    assert hand_promotions(store) == [first, second]
    assert promotion_inputs(store) == {}
    assert first.told == "ada decided so on 2026-03-01 12:00 UTC: why not"
