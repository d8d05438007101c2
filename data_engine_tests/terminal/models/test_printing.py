import json
from io import StringIO
from pathlib import Path

import numpy as np
from rich.console import Console
from written_steps import NOON, notes_runtime, pass_checks, take_in, write_step

from data_engine.labeling import fit_model
from data_engine.orchestration.launch.run_remarks import say_promotion
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.models.promotions import HandPromotion, add_promotion
from data_engine.terminal.models.printing import print_card, print_versions


def _runtime(folder: Path) -> CorpusRuntime:
    runtime = notes_runtime(folder)
    take_in(runtime, "may", [{"sample_id": "s1"}])
    encoder = CheckGate(runtime, runtime.store(), "test").encoder_in_use().version
    names = runtime.corpus.class_names
    x, y = np.eye(len(names)), np.arange(len(names))
    model = fit_model("softmax", x, y, seed=0, n_classes=len(names), class_names=names)
    said = {"model": "softmax", "n_rounds": 1, "accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75}
    said |= {"artefact": model.to_bytes(), "encoder_version": encoder, "borrowed_from": None}
    rows = [{"classifier_version": name, "is_in_service": name == "v2"} for name in ("v1", "v2")]
    rows[0]["borrowed_from"] = "letters/v9"
    pass_checks(runtime, write_step(runtime.store(), "classifier", [{**said, **row} for row in rows]))
    return runtime


def _printed(call, runtime: CorpusRuntime, *arguments: str, form: str = "table") -> str:
    console = Console(file=StringIO(), width=200)
    call(runtime, *arguments, console=console, form=form)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_list_says_which_version_is_in_service_and_which_will_be(tmp_path: Path) -> None:
    runtime = _runtime(tmp_path)
    states = [row["in_service"] for row in json.loads(_printed(print_versions, runtime, form="json"))]
    assert states == ["", "yes"]
    add_promotion(runtime.store(), HandPromotion(1, "promote", "v1", "v2", "ada", NOON, "better"), run_id="models")
    states = [row["in_service"] for row in json.loads(_printed(print_versions, runtime, form="json"))]
    assert states == ["from the next run on, by hand", "until the next run"]
    said = _printed(print_versions, runtime)
    assert "version v1 was promoted by hand: ada decided so on 2026-03-01 12:00 UTC: better\n" in said
    assert "\nversion v1 is v9 of the corpus letters (labels.propose_with), calibrated on the hold-out here\n" in said


def test_a_promotion_that_fits_the_classes_no_more_is_said_to_be_void(tmp_path: Path) -> None:
    runtime = _runtime(tmp_path)
    add_promotion(runtime.store(), HandPromotion(1, "promote", "v1", "v2", "ada", NOON, "better"), run_id="models")
    fewer = notes_runtime(tmp_path, labels={"question": "?", "classes": ["a", "b"]})
    states = [row["in_service"] for row in json.loads(_printed(print_versions, fewer, form="json"))]
    assert states == ["", "yes"]
    assert ": better; it is not in service: it knows other classes than" in _printed(print_versions, fewer)
    console = Console(file=StringIO(), width=400)
    say_promotion(fewer, console)
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    assert said.startswith("  classifier v1, promoted by hand, is not in service: it knows other classes than")


def test_a_card_is_printed_in_sections(tmp_path: Path) -> None:
    said = _printed(print_card, _runtime(tmp_path), "v2")
    assert said.startswith("what it is\n  version: v2\n  model: softmax\n")
    assert "  accuracy: 0.5 (90 % interval 0.250 to 0.750, n = 1)\n" in said
    rows = json.loads(_printed(print_card, _runtime(tmp_path), "v2", form="json"))
    assert {
        "section": "gate",
        "name": "promised precision",
        "value": "0.5",
        "low": None,
        "high": None,
        "n": None,
    } in rows
