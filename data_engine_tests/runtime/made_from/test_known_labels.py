from pathlib import Path

from written_steps import notes_runtime, take_in

from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.known_labels import known_label_inputs, reads_known_labels
from data_engine.runtime.plan import MADE_STEPS


def test_the_subset_and_the_report_read_known_labels() -> None:
    assert [step for step in MADE_STEPS if reads_known_labels(step)] == ["balanced_subset", "quality_report"]


def test_other_labels_in_the_source_are_another_input_and_without_a_column_there_is_none(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)

    def inputs() -> dict[str, str]:
        gate = CheckGate(runtime, runtime.store(), "run")
        return known_label_inputs(runtime.corpus, gate, AcceptedTables(gate.store, gate, "quality_report"))

    versions = take_in(runtime, "may", [{"sample_id": "a", "metadata": '{"topic": "baking"}'}])
    first = inputs()
    assert first == {"known labels/may": versions["raw_index"].data_version}
    take_in(runtime, "may", [{"sample_id": "a", "metadata": '{"topic": "sailing"}'}])
    assert list(inputs()) == ["known labels/may"] and inputs() != first
    without = runtime.corpus.model_copy(update={"known_label_column": None})
    gate = CheckGate(runtime, runtime.store(), "run")
    assert known_label_inputs(without, gate, AcceptedTables(gate.store, gate, "quality_report")) == {}


def test_labels_that_the_data_give_stand_in_for_known_ones_with_the_way_they_become_classes(tmp_path: Path) -> None:
    labels = {"question": "?", "classes": ["baking", "sailing"], "given": {"column": "topic"}}

    def inputs(**changed: object) -> dict[str, str]:
        runtime = notes_runtime(tmp_path, known_label_column=None, review={}, labels={**labels, **changed})
        gate = CheckGate(runtime, runtime.store(), "run")
        return known_label_inputs(runtime.corpus, gate, AcceptedTables(gate.store, gate, "balanced_subset"))

    take_in(notes_runtime(tmp_path), "may", [{"sample_id": "a", "metadata": '{"topic": "baking"}'}])
    first = inputs()
    assert list(first) == ["known labels/may"]
    assert inputs(classes=["baking", "trains"]) != first
    assert inputs(given={"column": "tag"}) != first
    assert inputs() == first
