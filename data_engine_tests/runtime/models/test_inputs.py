from pathlib import Path

from written_steps import NOON, notes_runtime

from data_engine.runtime.models.inputs import model_inputs
from data_engine.runtime.models.promotions import HandPromotion, add_promotion


def test_decisions_and_other_corpora_are_inputs_where_there_are_any(tmp_path: Path) -> None:
    assert model_inputs(notes_runtime(tmp_path)) == {}
    named = {"question": "?", "classes": ["a", "b"], "propose_with": {"corpus": "letters"}}
    runtime = notes_runtime(tmp_path, labels=named, review={})
    add_promotion(runtime.store(), HandPromotion(1, "promote", "v1", None, "ada", NOON, "why"), run_id="models")
    assert set(model_inputs(runtime)) == {"promotions by hand", "letters/classifier"}
