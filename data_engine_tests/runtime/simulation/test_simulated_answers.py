import json
from pathlib import Path

from small_project import SmallProject
from written_steps import notes_runtime, take_in

from data_engine.runtime.review_rounds import create_review_batch
from data_engine.runtime.simulation.simulated_answers import answer_simulated, known_classes


def test_a_simulated_annotator_without_errors_answers_what_is_known(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    batch_id = create_review_batch(runtime, cause="a test")
    assert batch_id is not None
    n_answers = answer_simulated(runtime, batch_id)
    known = known_classes(runtime)
    with runtime.queue() as queue:
        answers = queue.answers(batch_id).to_pylist()
    assert len(answers) == n_answers > 0
    assert {row["annotator"] for row in answers} == {"simulated:reader"}
    assert all(row["label"] == known[row["sample_id"]] for row in answers)


def test_the_known_class_of_a_label_outside_the_classes_is_other(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    topics = {"a": "baking", "b": "chess"}
    rows = [
        {"sample_id": name, "uri": name, "metadata": json.dumps({"topic": topic})} for name, topic in topics.items()
    ]
    take_in(runtime, "may", rows)
    assert known_classes(runtime) == {"a": "baking", "b": "other"}
