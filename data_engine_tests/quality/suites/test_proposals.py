import numpy as np
import pytest
from sound_tables import Broken, but, failed, floats, outcome_of, proposal_rows

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "every_chosen_sample_has_a_proposal",
        "chosen samples with no proposal or with several: 1 of 4, but every chosen sample needs exactly one; "
        "compute the proposals again for the present subset",
        ("s7",),
        {"proposals": proposal_rows()[:3]},
    ),
    Broken(
        "probabilities_sum_to_one",
        "proposals whose probabilities are not 3 numbers that sum to 1: 2 of 4, but every sum must be within 0.001 "
        "of 1; compute the proposals again with a classifier of the present classes",
        ("s5", "s6"),
        {
            "proposals": but(
                but(proposal_rows(), 1, probabilities=floats(0.7, 0.2, 0.2)), 2, probabilities=floats(0.7, 0.3)
            )
        },
    ),
    Broken(
        "gate_has_a_recent_audit",
        "accepted without a person: 1, newest audit 31.0 days old, but the gate is open only while an audit is at "
        "most 30 days old; answer the audit tasks, or send all proposals to people",
        facts={"gate_threshold": 0.95, "audit_age_days": 31.0},
    ),
    Broken(
        "routes_follow_the_gate",
        "proposals whose route breaks the gate, which accepts from 0.960: 1 of 4, but only proposals above its "
        "threshold are accepted, and all others go to a person; route the proposals again with the present gate",
        ("s0",),
        facts={"gate_threshold": 0.96, "audit_age_days": 2.0},
    ),
    Broken(
        "routes_follow_the_gate",
        "proposals whose route breaks the gate, which accepts from 0.900: 2 of 4, but only proposals above its "
        "threshold are accepted, and all others go to a person; route the proposals again with the present gate",
        ("s5", "s6"),
        {
            "proposals": but(
                but(proposal_rows(), 1, route="rules", gate_lower_bound=0.99), 2, route="oracle", probability=0.99
            )
        },
        facts={"gate_threshold": 0.9, "audit_age_days": 2.0},
    ),
    Broken(
        "no_route_is_shut_by_its_audits",
        "proposals that a decider would take and may not, because its audits contradict its gate: 1 of 4, but what a "
        "decider takes must be as often right as its gate promises; mend the rules or the prompt and materialize "
        "proposals; until then people are asked",
        ("s5",),
        {"proposals": but(proposal_rows(), 1, reason="person: rules (shut by its audits: 15 of 20 right)")},
        facts={"gate_threshold": 0.9, "audit_age_days": 2.0},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["proposals"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("proposals", case) == case.outcome


def test_a_gate_that_accepts_nothing_needs_no_audit_and_lets_nothing_through() -> None:
    by_people = [row | {"route": "person"} for row in proposal_rows()]
    assert failed("proposals", {"proposals": by_people}) == set()
    assert failed("proposals", {}) == {"gate_has_a_recent_audit", "routes_follow_the_gate"}


def test_a_proposal_exactly_on_the_threshold_is_accepted_despite_its_rounding_to_float32() -> None:
    assert float(np.float32(0.95)) < 0.95
    assert failed("proposals", {}, gate_threshold=0.95, audit_age_days=0.0) == set()


def test_a_proposal_is_held_against_the_gate_of_its_class() -> None:
    rows = {"proposals": [row | {"label": "mit" if row["route"] == "classifier" else "gpl"} for row in proposal_rows()]}
    facts: dict[str, float | None] = {"gate_threshold": 0.95, "audit_age_days": 0.0}
    assert failed("proposals", rows, **facts, class_thresholds={"gpl": None}) == set()
    assert failed("proposals", rows, **facts, class_thresholds={"mit": None}) == {"routes_follow_the_gate"}
    facts["gate_threshold"] = None
    assert failed("proposals", rows, **facts, class_thresholds={"mit": 0.9}) == set()
