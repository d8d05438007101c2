from data_engine.reporting.metrics.metric import Metric
from data_engine.reporting.simulation_notice import simulation


def _metrics(answers: float | None, **labels: float) -> dict[tuple[str, str], Metric]:
    made = {
        ("provenance_share", scope): Metric("provenance_share", scope, value, "share", "neutral", "")
        for scope, value in labels.items()
    }
    if answers is not None:
        name = "simulated_answer_share"
        made[name, "all"] = Metric(name, "all", answers, "share", "neutral", "", n=40)
    return made


def test_there_is_no_notice_where_people_answered_all() -> None:
    assert simulation(_metrics(0.0, human=1.0, model_auto=0.5)) == ""
    assert simulation({}) == ""


def test_who_answered_is_said_with_numbers() -> None:
    assert simulation(_metrics(1.0)).startswith("No person answered; 40 of 40 answers come from simulated annotators")
    assert simulation(_metrics(0.25)).startswith("People gave 30 answers; 10 of 40 answers come from simulated")


def test_labels_that_follow_from_such_answers_are_said_too() -> None:
    said = simulation(_metrics(1.0, simulated=0.5, model_auto=0.25, rule_auto=0.125))
    assert "50.0 % of the labels are simulated." in said
    assert "Another 25.0 % were accepted automatically, from a classifier that learnt from such answers." in said
    assert said.endswith("12.5 % were decided by label rules, which were certified on such answers.")
