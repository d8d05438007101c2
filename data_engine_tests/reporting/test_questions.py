import pyarrow as pa

from data_engine.reporting import metrics_of_corpus, metrics_of_question, simulation_of_questions
from data_engine.schemas import QUALITY_REPORT


def _metrics(*named: tuple[str, str, float]) -> pa.Table:
    rest = {"unit": "share", "direction": "neutral", "note": "counted", "n": 10}
    rows = [{"metric": metric, "scope": scope, "value": value, **rest} for metric, scope, value in named]
    return pa.Table.from_pylist(rows, schema=QUALITY_REPORT)


METRICS = _metrics(
    ("funnel", "raw", 100),
    ("funnel", "size: labelled", 40),
    ("label_accuracy", "size: source: web", 0.5),
    ("label_accuracy", "sizes: all", 0.7),
)


def test_the_metrics_of_a_question_have_the_scopes_of_a_corpus_that_asks_nothing_else() -> None:
    found = metrics_of_question(METRICS, "size")
    assert found["scope"].to_pylist() == ["labelled", "source: web"]
    assert found.schema == QUALITY_REPORT


def test_the_metrics_of_the_corpus_are_those_of_no_question() -> None:
    assert metrics_of_corpus(METRICS, ["size", "sizes"])["scope"].to_pylist() == ["raw"]


def test_simulated_answers_are_told_with_their_question() -> None:
    simulated = _metrics(("simulated_answer_share", "size: all", 1.0), ("simulated_answer_share", "topic: all", 0.0))
    said = simulation_of_questions(simulated, ["topic", "size"])
    assert said.startswith("size: No person answered; 10 of 10 answers come from simulated annotators")
    assert "topic" not in said
