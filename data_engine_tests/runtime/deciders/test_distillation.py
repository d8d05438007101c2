from pathlib import Path
from typing import Any

import numpy as np
import pytest
from schema_tables import table
from small_project import notes_corpus
from written_steps import keep_version, notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import InvalidInput
from data_engine.foundation_model.call_book import InAll
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.gate import Gate
from data_engine.runtime.deciders.distillation import Needing, answers_to_learn_from, rounds_with
from data_engine.runtime.step_run import StepRun, execute

GATE = Gate(0.8, 0.96, 60, 0.95, 0.9)


def _opinion(gate: Gate = GATE, shut: str = "") -> Opinion:
    return Opinion("foundation_model", gate, (), np.zeros(0), shut=shut)


def _kept(opinion: Opinion, earlier: list[dict[str, Any]], **answers: tuple[str, float]) -> dict[str, str]:
    found = answers_to_learn_from(
        table("distilled_answers", earlier),
        opinion,
        answers,
        model="small: m",
        is_simulated=False,
        among=["a", "b", "c", "d"],
        answered=["d"],
    )
    return {
        row["sample_id"]: row["label"] if row["withdrawn"] is None else row["withdrawn"] for row in found.to_pylist()
    }


def _row(name: str, model: str = "small: m") -> dict[str, Any]:
    return {"sample_id": name, "model": model, "label": "old", "confidence": 0.9, "gate_lower_bound": 0.95}


def test_answers_above_the_gate_are_kept_and_those_of_people_count_before_them() -> None:
    assert _kept(_opinion(), [], a=("x", 0.8), b=("x", 0.79), d=("x", 0.9)) == {"a": "x"}


def test_what_passed_its_gate_once_stays_when_the_classifier_has_learnt_it() -> None:
    none = Gate(None, None, 0, 0.95, 0.9)
    assert _kept(_opinion(none), [_row("a"), _row("gone"), _row("d")], b=("x", 0.99)) == {"a": "old"}


def test_withdrawn_answers_stay_known_and_teach_again_when_the_model_gives_them_anew() -> None:
    assert _kept(_opinion(), [_row("a", "other: m")]) == {"a": "of another model"}
    shut = _opinion(shut="shut by its audits")
    assert _kept(shut, [_row("a")], b=("x", 0.99)) == {"a": "shut by its audits"}
    was_shut = {**_row("a"), "withdrawn": "shut by its audits"}
    assert _kept(_opinion(), [was_shut]) == {"a": "shut by its audits"}
    assert _kept(_opinion(), [was_shut], a=("x", 0.99)) == {"a": "x"}


def test_a_round_is_a_classifier_and_the_last_word_on_it_counts() -> None:
    first = rounds_with(table("foundation_rounds", []), "v1", Needing(10, 8, 6, 5), InAll(9, 9), 0)
    second = rounds_with(first, "v2", Needing(10, 4, 6, 3), InAll(12, 13), 2)
    again = rounds_with(second, "v2", Needing(10, 3, 6, 3), InAll(12, 14), 2)
    columns = ("classifier_version", "n_needing", "n_calls")
    assert [tuple(row[name] for name in columns) for row in again.to_pylist()] == [("v1", 8, 9), ("v2", 3, 14)]


def _topic(n: int) -> str:
    return "baking" if n % 2 else "trains"


def _asked(name: str, n: int, purpose: str) -> dict[str, Any]:
    return {
        "annotation_id": name, "sample_id": name, "task_id": name, "label": _topic(n), "purpose": purpose,
        "arm": "blind", "annotator": "ada", "provenance": "human", "is_simulated": False, "revision": 1,
        "kind": "class", "answer": f'{{"label":"{_topic(n)}"}}',
    }  # fmt: skip


def _learnt(tmp_path: Path, *, teaches: bool) -> dict[str, Any]:
    """The row of a classifier of ten answers; of the model there are twenty, two of held out samples, ten answered."""
    labels = notes_corpus(Path("source"))["labels"] | {  # type: ignore[operator]
        "deciders": ["classifier", {"name": "foundation_model", "teaches": teaches}, "person"]
    }
    model = {"name": "small", "simulated": {"error_rate": 0.0}}
    runtime = notes_runtime(tmp_path / str(teaches), labels=labels, foundation_model=model, encoder="hashed-ngrams")
    store = runtime.store()
    ids = {f"s{n}": n for n in range(80)}
    take_in(runtime, "may", [{"sample_id": name, "text": _topic(n)} for name, n in ids.items()])
    held = [_asked(f"s{n}", n, "hold_out") for n in range(60)]
    version = write_step(store, "reviewed_labels", [*held, *(_asked(f"s{n}", n, "query") for n in range(60, 70))], "r1")
    pass_checks(runtime, version)
    said = [{**_row(f"s{n}"), "label": _topic(n), "is_simulated": True} for n in range(58, 78)]
    written = store.write("distilled_answers", table("distilled_answers", said), run_id="run", code_version="c1")
    pass_checks(runtime, keep_version(store, "proposals", table_versions={"distilled_answers": written.version}))
    _, result = execute(runtime, "classifier", run_id="two")
    return result.table.to_pylist()[-1]


def test_the_classifier_learns_what_the_round_before_accepted_and_nothing_held_out(tmp_path: Path) -> None:
    taught, untaught = (_learnt(tmp_path, teaches=each) for each in (True, False))
    assert (taught["n_training"], taught["n_distilled"], taught["n_hold_out"]) == (18, 8, 60)
    assert (untaught["n_training"], untaught["n_distilled"], untaught["n_hold_out"]) == (10, None, 60)


def test_only_a_step_that_names_the_last_round_may_read_it(tmp_path: Path) -> None:
    step_run = StepRun(notes_runtime(tmp_path), "labels", "", "run")
    with pytest.raises(InvalidInput, match="labels reads distilled_answers of proposals; name proposals in its last_r"):
        step_run.accepted_history("distilled_answers")
