from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from schema_tables import table
from written_steps import NOON

from data_engine.labeling import TrainedRound, fit_model, train_round
from data_engine.runtime.classifier_in_service import LearntBy
from data_engine.runtime.made_from.encoders import EncoderUsed
from data_engine.runtime.models.borrowed import BorrowedModel
from data_engine.runtime.models.promotions import HandPromotion
from data_engine.runtime.models.registry_rows import JudgedBy, figures_after, rows_after
from data_engine.schemas import CLASSIFIER, CLASSIFIER_FIGURES

NAMES = ("a", "b", "c")
N_HELD_OUT = 90


@pytest.fixture(scope="module")
def data() -> SimpleNamespace:
    """270 noisy unit rows around three axes, of which the first 90 are held out."""
    generator = np.random.default_rng(0)
    y = np.arange(270) % 3
    x = np.eye(16)[y] + 0.45 * generator.normal(size=(270, 16))
    return SimpleNamespace(x=(x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y=y)


def _round(data: SimpleNamespace, n: int) -> TrainedRound:
    """A round that learnt from n samples."""
    rows = [
        {
            "sample_id": str(row),
            "purpose": "hold_out" if row < N_HELD_OUT else "query",
            "label": NAMES[data.y[row]],
            "task_id": str(row),
        }
        for row in range(N_HELD_OUT + n)
    ]
    embeddings = {str(row): x for row, x in enumerate(data.x)}
    reviewed = table("reviewed_labels", [{**row, "arm": "manual", "revision": 1} for row in rows])
    return train_round(reviewed, embeddings, class_names=NAMES, target_precision=0.8, seed=0)


def _judged_by(trained: TrainedRound, *, encoder: str = "e-1", target: float = 0.8) -> JudgedBy:
    return JudgedBy(trained.hold_out, EncoderUsed("e", encoder), NAMES, LearntBy(), target, 0.9)


def _after(history: pa.Table, trained: TrainedRound, **changes: object) -> pa.Table:
    return rows_after(history, trained, changes.pop("judged_by", _judged_by(trained)), **changes)


def _in_service(rows: pa.Table) -> list[str]:
    return [row["classifier_version"] for row in rows.to_pylist() if row["is_in_service"]]


def test_a_better_version_takes_over_and_one_that_is_not_is_kept_beside(data: SimpleNamespace) -> None:
    few, many, fewer = (_round(data, n) for n in (9, 180, 6))
    first = _after(CLASSIFIER.empty_table(), few)
    assert _in_service(first) == [few.classifier.version]
    second = _after(first, many)
    assert _in_service(second) == [many.classifier.version]
    third = _after(second, fewer)
    assert _in_service(third) == [many.classifier.version]
    newest = third.to_pylist()[-1]
    assert (newest["classifier_version"], newest["took_over"]) == (fewer.classifier.version, False)
    assert newest["comparison"].endswith(f"version {many.classifier.version} stays in service")
    again = _after(third, many)
    assert _in_service(again) == [many.classifier.version]
    assert again.num_rows == 3


def test_the_gate_of_the_version_that_stays_is_certified_for_the_promise_of_now(data: SimpleNamespace) -> None:
    many, few = _round(data, 180), _round(data, 6)
    history = _after(CLASSIFIER.empty_table(), many)
    stays = _after(history, few, judged_by=_judged_by(few, target=0.6)).to_pylist()[0]
    assert (stays["classifier_version"], stays["is_in_service"]) == (many.classifier.version, True)
    assert (history.to_pylist()[0]["gate_target"], stays["gate_target"]) == (0.8, 0.6)


def test_the_version_that_stays_is_measured_on_the_hold_out_of_now(data: SimpleNamespace) -> None:
    many, few = _round(data, 180), _round(data, 6)
    history = _after(CLASSIFIER.empty_table(), many)
    # People have said since that half of the hold-out is of another class.
    classes = np.where(np.arange(N_HELD_OUT) % 2, (few.hold_out.classes + 1) % 3, few.hold_out.classes)
    corrected = replace(_judged_by(few), hold_out=replace(few.hold_out, classes=classes))
    stays = _after(history, few, judged_by=corrected, by_hand=_by_hand(many.classifier.version)).to_pylist()[0]
    assert stays["is_in_service"]
    assert history.to_pylist()[0]["accuracy"] > 0.9
    assert stays["accuracy_low"] < stays["accuracy"] < stays["accuracy_high"] < 0.7
    figures = [_figure("a", "all", 0.9), _figure("a", "query", 0.5), _figure("b", "all", 0.8)]
    earlier = pa.Table.from_pylist(figures, schema=CLASSIFIER_FIGURES)
    of_now = {key: value for key, value in _figure("a", "all", 0.4).items() if key != "classifier_version"}
    after = figures_after(earlier, ["a", "b"], "b", [], ("a", [of_now])).to_pylist()
    found = [(row["classifier_version"], row["trained_on"], row["share"]) for row in after]
    assert found == [("a", "query", 0.5), ("a", "all", 0.4)]


def _figure(version: str, trained_on: str, share: float) -> dict[str, object]:
    row = {"classifier_version": version, "trained_on": trained_on, "slice": "all", "value": "all", "share": share}
    return {**row, "metric": "accuracy", "low": 0.1, "high": 1.0, "n": 9}


def _by_hand(version: str | None) -> HandPromotion:
    return HandPromotion(1, "promote", version, None, "ada", NOON, "I trust it")


def test_what_a_person_promoted_stays_in_service_while_it_fits(data: SimpleNamespace) -> None:
    few, many = _round(data, 9), _round(data, 180)
    first = _after(CLASSIFIER.empty_table(), few)
    held = _by_hand(few.classifier.version)
    pinned = _after(first, many, by_hand=held)
    assert _in_service(pinned) == [few.classifier.version]
    newest = pinned.to_pylist()[-1]
    assert not newest["took_over"]
    assert newest["comparison"].endswith("is in service by hand: ada decided so on 2026-03-01 12:00 UTC: I trust it")
    assert _in_service(_after(pinned, many)) == [many.classifier.version]
    other = _after(first, many, by_hand=held, judged_by=_judged_by(many, encoder="e-2"))
    assert _in_service(other) == [many.classifier.version]
    assert (
        "is not in service: it learnt from vectors of e-1, and those of now are of e-2"
        in other.to_pylist()[-1]["comparison"]
    )


def test_a_model_of_another_corpus_is_in_service_until_one_of_this_corpus_is_better(data: SimpleNamespace) -> None:
    few, many = _round(data, 9), _round(data, 180)
    taught = fit_model("softmax", data.x[200:260], data.y[200:260], seed=0, n_classes=3, class_names=NAMES)
    row = {**few_row(few), "classifier_version": taught.version, "n_training": 60}
    borrowed = BorrowedModel("letters", row, taught)
    first = _after(CLASSIFIER.empty_table(), few, borrowed=borrowed)
    foreign, own = first.to_pylist()
    assert foreign["is_in_service"]
    assert foreign["borrowed_from"] == f"letters/{taught.version}"
    assert (foreign["n_training"], foreign["n_rounds"], foreign["n_hold_out"]) == (60, 0, N_HELD_OUT)
    assert (own["classifier_version"], own["took_over"]) == (few.classifier.version, False)
    assert _in_service(_after(first, many, borrowed=borrowed)) == [many.classifier.version]
    # Named no more, it is no rival any more.
    alone = _after(first, few)
    assert _in_service(alone) == [few.classifier.version]
    assert "learnt in another corpus" in alone.to_pylist()[-1]["comparison"]


def few_row(trained: TrainedRound) -> dict[str, object]:
    """The row of a round as its own corpus keeps it."""
    return _after(CLASSIFIER.empty_table(), trained).to_pylist()[0]


def test_figures_of_versions_that_are_gone_go_with_them() -> None:
    def figure(version: str, share: float) -> dict[str, object]:
        return {"classifier_version": version, "share": share}

    earlier = table("classifier_figures", [figure("v1", 0.1), figure("v2", 0.2), figure("gone", 0.3)])
    told = table("classifier_figures", [figure("v2", 0.9)]).drop_columns(["classifier_version"]).to_pylist()
    after = figures_after(earlier, ["v1", "v2"], "v2", told)
    assert [(row["classifier_version"], row["share"]) for row in after.to_pylist()] == [("v1", 0.1), ("v2", 0.9)]
