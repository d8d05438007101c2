"""The step classifier of a corpus that asks for objects: a model of proposed masks, judged on the hold-out.

What it learns is in `data_engine.labeling.objects.object_model`; versions of classes are in `runtime.models`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_engine import labeling
from data_engine.errors import NotEnoughData
from data_engine.labeling.answers.object_answers import ObjectAnswers, matched_objects
from data_engine.labeling.calibration import calibration_error, reliability
from data_engine.labeling.gate import Gate, binomial_interval, certify_scores
from data_engine.labeling.models.hold_out_figures import ALL
from data_engine.labeling.models.promotion import Comparison, Errors, compare_errors
from data_engine.labeling.objects.object_model import KIND, ObjectModel, chosen_masks, fit_object_model
from data_engine.runtime.models.promotions import promotion_in_force, promotion_inputs
from data_engine.runtime.models.registry_rows import figures_after, said_by_hand
from data_engine.runtime.objects.mask_candidates import FoundMasks, MaskFinder, learnt_from, proposal
from data_engine.runtime.objects.reviewed_images import ReviewedImages, reviewed_images, version_of
from data_engine.schemas import CLASSIFIER

if TYPE_CHECKING:
    from data_engine.runtime.step_run import StepResult, StepRun

_CONFIDENCE = 0.9


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model proposes of the hold-out, and what became of it.

    Attributes:
        answers: By image, what is proposed.
        probabilities: (n,) that people would leave the image as it is.
        is_left: (n,) whether they did: every object is there with three quarters of its area shared, and no other one.
        gate: Of images, certified on these.
    """

    answers: dict[str, str]
    probabilities: np.ndarray
    is_left: np.ndarray
    gate: Gate

    @property
    def errors(self) -> Errors:
        """As `promotion.compare_errors` takes them."""
        right = self.is_left.astype(np.float64)
        return 2 * (self.probabilities - right) ** 2, right

    @property
    def two(self) -> np.ndarray:
        """(n, 2) probabilities that an image is left as it is, and that it is not."""
        return np.stack([self.probabilities, 1 - self.probabilities], axis=1)

    @property
    def outcomes(self) -> np.ndarray:
        """(n,) 0 for an image that was left as it was, else 1."""
        return (~self.is_left).astype(np.int64)

    def columns(self) -> dict[str, Any]:
        """Those of `schemas.CLASSIFIER` that the hold-out decides."""
        n, n_left = len(self.is_left), int(self.is_left.sum())
        low, high = binomial_interval(n_left, n, _CONFIDENCE)
        return {
            "n_hold_out": n,
            "accuracy": n_left / n,
            "accuracy_low": low,
            "accuracy_high": high,
            "calibration_error": calibration_error(self.two, self.outcomes),
            "gate_threshold": self.gate.threshold,
            "gate_lower_bound": self.gate.lower_bound,
            "gate_target": self.gate.target_precision,
            "gate_n_checked": self.gate.n_checked,
        }


def learn_masks(step_run: "StepRun") -> "StepResult":
    """Train a version on the reviewed objects outside the hold-out; it takes over where it is better there."""
    corpus, finder = step_run.corpus, MaskFinder(step_run)
    images = reviewed_images(step_run.read_accepted("reviewed_labels"), corpus.class_names)
    if not images.hold_out:
        raise NotEnoughData("there are 0 answered images of the hold-out; answer the tasks with purpose hold_out first")
    found = finder.found(list(images.all))
    _refuse_all_failed(found)
    model = fit_object_model(
        learnt_from(found, images.training, corpus.class_names), corpus.class_names, seed=corpus.seed_for("classifier")
    )
    model = _calibrated(model, found, images, corpus.class_names)
    judged = judge(step_run, model, found, images)
    table, told = _registry(step_run, model, judged, found, images)
    version, encoder = model.version, step_run.encoder_in_use()
    versions = table["classifier_version"].to_pylist()
    of_round = _figures(judged, images.hold_out, corpus.class_names)
    return step_run.finish(
        table,
        extra_tables={
            "classifier_figures": figures_after(step_run.look_up("classifier_figures"), versions, version, of_round)
        },
        preview=table.slice(max(0, table.num_rows - 8)),
        metadata={
            "version": version,
            "model": KIND,
            "in service": told,
            "images trained on": len(images.training),
            "images of the hold-out left unedited": round(float(judged.is_left.mean()), 4),
            "gate": "shut" if judged.gate.threshold is None else f"open from probability {judged.gate.threshold:.3f}",
            "images without masks": sum(bool(each.failure) for each in found.values()),
        },
        details={"reliability": reliability(judged.two, judged.outcomes)},
        encoder=encoder,
    )


def judge(step_run: "StepRun", model: ObjectModel, found: Mapping[str, FoundMasks], images: ReviewedImages) -> Judged:
    """What a model proposes of the images of the hold-out, against what people said."""
    names, settings, kind = step_run.corpus.class_names, step_run.corpus.labels, ObjectAnswers()
    answers, probabilities, is_left = {}, [], []
    for sample_id, truth in sorted(images.hold_out.items()):
        if found[sample_id].failure:
            continue
        answers[sample_id], probability, _ = proposal(model, found[sample_id], names)
        probabilities.append(probability)
        is_left.append(kind.is_right(answers[sample_id], truth))
    scores, right = np.array(probabilities, dtype=np.float64), np.array(is_left, dtype=bool)
    target = settings.target_of("classifier")
    gate = certify_scores(scores, right, target_precision=target, confidence=settings.confidence)
    return Judged(answers, scores, right, gate)


def _calibrated(
    model: ObjectModel, found: Mapping[str, FoundMasks], images: ReviewedImages, names: tuple[str, ...]
) -> ObjectModel:
    kind, log_odds, is_left = ObjectAnswers(), [], []
    for sample_id, truth in sorted(images.hold_out.items()):
        if found[sample_id].failure:
            continue
        seen = found[sample_id].seen(None, names)
        certainty, _ = model.judged(seen)
        log_odds.append(chosen_masks(seen.shares, certainty, model.least_certainty, 0.5)[1])
        is_left.append(kind.is_right(proposal(model, found[sample_id], names)[0], truth))
    if not is_left:
        raise NotEnoughData(
            f"no image of the hold-out has masks to be judged by; {next(iter(found.values())).failure or 'answer it'}"
        )
    return model.calibrated(log_odds, is_left)


def _refuse_all_failed(found: Mapping[str, FoundMasks]) -> None:
    failures = [each.failure for each in found.values() if each.failure]
    if failures and len(failures) == len(found):
        raise NotEnoughData(f"none of {len(found)} answered images has a proposed mask; the first says: {failures[0]}")


def _registry(
    step_run: "StepRun",
    model: ObjectModel,
    judged: Judged,
    found: Mapping[str, FoundMasks],
    images: ReviewedImages,
) -> tuple[pa.Table, str]:
    """All versions, the new one last, one of them in service; and why that one is."""
    history, encoder = step_run.accepted_history(), step_run.encoder_in_use()
    rows: dict[str, dict[str, Any]] = {row["classifier_version"]: row for row in history.to_pylist()}
    before, again = _rival(history, model, encoder.version), None
    if before is None:
        verdict = Comparison(True, "no model of these vectors and classes is in service yet")
    elif before["classifier_version"] == model.version:
        verdict = Comparison(True, f"version {model.version} was trained again and is the same")
    else:
        again = judge(step_run, ObjectModel.from_bytes(before["artefact"]), found, images)
        verdict = compare_errors(judged.errors, again.errors, before["classifier_version"])
    rows.pop(model.version, None)
    rows[model.version] = {
        **dict.fromkeys(CLASSIFIER.names),
        "classifier_version": model.version,
        "n_rounds": images.n_rounds,
        "n_training": len(images.training),
        **judged.columns(),
        "temperature": 1 / model.slope,
        "encoder_version": encoder.version,
        "took_over": bool(verdict),
        "comparison": verdict.reason,
        "model": KIND,
        "training_version": version_of(images.training),
        "hold_out_version": version_of(images.hold_out),
        "artefact": model.to_bytes(),
    }
    if not verdict and again is not None and before is not None:
        rows[before["classifier_version"]] |= again.columns() | {"hold_out_version": version_of(images.hold_out)}
    service = model.version if verdict or before is None else before["classifier_version"]
    pinned = _by_hand(step_run, rows, model.version)
    if pinned is not None and pinned not in (model.version, service):
        now = judge(step_run, ObjectModel.from_bytes(rows[pinned]["artefact"]), found, images)
        rows[pinned] |= now.columns() | {"hold_out_version": version_of(images.hold_out)}
    service = pinned or service
    rows = {name: {**row, "is_in_service": name == service} for name, row in rows.items()}
    return pa.Table.from_pylist(list(rows.values()), schema=CLASSIFIER), rows[model.version]["comparison"]


def _by_hand(step_run: "StepRun", rows: dict[str, dict[str, Any]], trained: str) -> str | None:
    """The version that a person promoted, which is in service while it fits, whatever the comparison says."""
    held = promotion_in_force(step_run.runtime)
    step_run.inputs |= promotion_inputs(step_run.runtime.store())
    if held is None:
        return None
    pinned = rows.get(held.classifier_version or "")
    unfit = "it is not in the registry" if pinned is None else ""
    if pinned is not None and not same_question(pinned, rows[trained]):
        unfit = "it learnt from other vectors, or knows other classes than those of now"
    rows[trained]["comparison"] += said_by_hand(held, unfit)
    if pinned is None or unfit:
        return None
    rows[trained]["took_over"] = pinned["classifier_version"] == trained
    return str(pinned["classifier_version"])


def _rival(history: pa.Table, model: ObjectModel, encoder_version: str) -> dict[str, Any] | None:
    row = labeling.row_in_service(history)
    if row is None or row["encoder_version"] != encoder_version or row["model"] != KIND:
        return None
    return row if ObjectModel.from_bytes(row["artefact"]).class_names == model.class_names else None


def same_question(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two versions of the registry were learnt from the same vectors, for the same classes."""
    if {one["model"], other["model"]} != {KIND} or one["encoder_version"] != other["encoder_version"]:
        return False
    names = {ObjectModel.from_bytes(row["artefact"]).class_names for row in (one, other)}
    return len(names) == 1


def _figures(judged: Judged, truth: Mapping[str, str], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The share of images that are left as they are; of objects precision and recall at an IoU of one half."""
    n, n_left = len(judged.is_left), int(judged.is_left.sum())
    found = [_figure(ALL, ALL, "accuracy", n_left, n)]
    for name in names:
        n_matched = n_proposed = n_known = 0
        for sample_id, answer in judged.answers.items():
            matched = matched_objects(answer, truth[sample_id])
            objects, known = (_of_class(each, name) for each in (answer, truth[sample_id]))
            n_matched += sum(first in objects for first, _ in matched.pairs)
            n_proposed, n_known = n_proposed + len(objects), n_known + len(known)
        found += [
            _figure("class", name, metric, n_matched, among)
            for metric, among in (("precision", n_proposed), ("recall", n_known))
            if among
        ]
    return found


def _of_class(answer: str, name: str) -> set[int]:
    import json

    return {number for number, one in enumerate(json.loads(answer)["objects"]) if one["class"] == name}


def _figure(column: str, value: str, metric: str, n_right: int, n: int) -> dict[str, Any]:
    low, high = binomial_interval(n_right, n, _CONFIDENCE)
    place = {"trained_on": ALL, "slice": column, "value": value, "metric": metric}
    return {**place, "share": n_right / n, "low": low, "high": high, "n": n}
