from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.labeling import fit_model
from data_engine.review import NewTask
from data_engine.runtime.amendments.arrivals import Arrivals, ask_about_arrivals
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime

NAMES = ("baking", "sailing")


def _runtime(folder: Path, *, knows: tuple[str, ...] = NAMES, **review: object) -> CorpusRuntime:
    """A corpus with a batch that is there already, and a classifier in service."""
    labels = {"question": "?", "classes": list(NAMES)}
    runtime = notes_runtime(folder, labels=labels, review={"arriving_share": 0.1, **review}, known_label_column=None)
    take_in(runtime, "april", [{"sample_id": f"old {i}"} for i in range(3)])
    model = fit_model("softmax", np.eye(2), np.arange(2), seed=0, n_classes=2, class_names=knows)
    encoder = CheckGate(runtime, runtime.store(), "test").encoder_in_use().version
    row = {"classifier_version": "one", "is_in_service": True, "encoder_version": encoder, "artefact": model.to_bytes()}
    pass_checks(runtime, write_step(runtime.store(), "classifier", [row]))
    return runtime


def _asked(runtime: CorpusRuntime) -> list[tuple[str, str, str]]:
    with runtime.queue() as queue:
        rows = queue.tables("notes")["review_task"].to_pylist()
    return [(row["review_batch"], row["sample_id"][:3], row["purpose"]) for row in rows]


def test_what_arrives_is_asked_about_within_the_budget_and_the_threshold_goes_on(tmp_path: Path) -> None:
    runtime = _runtime(tmp_path)
    first = ask_about_arrivals(runtime, Arrivals())
    assert (list(first.seen or {}), first.asked, _asked(runtime)) == (["april"], "", [])
    take_in(runtime, "may", [{"sample_id": f"may {i:02}"} for i in range(60)])
    second = ask_about_arrivals(runtime, first)
    assert set(_asked(runtime)) == {(second.asked, "may", "arriving")}
    n_may = len(_asked(runtime))
    assert 6 <= n_may <= 20 and second.confidence < 1
    assert ask_about_arrivals(runtime, Arrivals.from_text(second.text)) == second
    take_in(runtime, "june", [{"sample_id": f"jun {i:02}"} for i in range(60)])
    third = ask_about_arrivals(runtime, Arrivals.from_text(second.text))
    assert 0 < len(_asked(runtime)) - n_may < n_may
    assert (third.asked, list(third.seen or {})) == ("notes-arriving-002", ["april", "june", "may"])


@pytest.mark.parametrize("changes", [{"knows": ("a", "b")}, {"arriving_share": 0.0}, {"max_open_tasks": 1}], ids=str)
def test_nobody_is_asked_without_a_budget_or_a_classifier_of_the_classes_or_while_too_much_waits(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    runtime = _runtime(tmp_path, **changes)
    with runtime.queue() as queue:
        task, at = NewTask("waiting", "query", "manual"), datetime(2026, 3, 1, tzinfo=UTC)
        queue.open_batch("first", corpus="notes", question="?", classes=NAMES, tasks=[task], cause="test", now=at)
    before = Arrivals({"april": "what was there before"})
    assert ask_about_arrivals(runtime, before) == before
    assert _asked(runtime) == [("first", "wai", "query")]
