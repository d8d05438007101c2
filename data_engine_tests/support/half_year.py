"""Half a year of labels that nobody gave: weekly review batches of annotators that are simulated, and marked so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from schema_tables import table

from data_engine.labeling.answers.label_trends import label_trends

CLASSES = ("apache", "mit", "gpl", "bsd")
WEEKS, CHANGED_IN_WEEK = 26, 8
START = datetime(2026, 1, 5, 6, tzinfo=UTC)


def half_year(*, seed: int = 0, falls: bool = True) -> dict[str, pa.Table]:
    """`reviewed_labels` and `label_trends` of weekly review batches: 40 samples that two annotators answer, 30 audits,
    20 samples of four weeks before.

    Args:
        seed: of everything that is drawn.
        falls: whether the annotators err from the 8th week on more and more, up to one answer in three; else 1 in 20.
    """
    rng = np.random.default_rng(seed)
    truth: dict[str, int] = {}
    rows: list[dict[str, object]] = []
    proposed: dict[str, str] = {}
    for week in range(WEEKS):
        error = 0.05 + (0.28 * max(0, week - CHANGED_IN_WEEK) / (WEEKS - CHANGED_IN_WEEK) if falls else 0)
        new = [f"w{week}-{n}" for n in range(70)]
        truth |= {sample_id: int(rng.integers(len(CLASSES))) for sample_id in new}
        asked = dict.fromkeys(new[:40], "query") | dict.fromkeys(new[40:], "audit")
        asked |= {f"w{week - 4}-{n}": "repeated" for n in range(20)} if week >= 4 else {}
        for sample_id, purpose in asked.items():
            task_id = f"{week} {sample_id}"
            if purpose == "audit":
                proposed[task_id] = CLASSES[_said(rng, truth[sample_id], 0.03)]
            for name in ("simulated:ada", "simulated:bob")[: 1 if purpose == "audit" else 2]:
                label = CLASSES[_said(rng, truth[sample_id], error)]
                rows.append(_answer(week, task_id, sample_id, purpose, name, label))
    reviewed = table("reviewed_labels", rows)
    opened_at = {_batch(week): START + timedelta(weeks=week) for week in range(WEEKS)}
    meaning = {_batch(week): "new" if week >= CHANGED_IN_WEEK else "old" for week in range(WEEKS)}
    trends = label_trends(reviewed, opened_at, proposed=proposed, definitions=meaning, weeks=3)
    return {"reviewed_labels": reviewed, "label_trends": trends}


def _batch(week: int) -> str:
    return f"notices-week-{week:02d}"


def _said(rng: np.random.Generator, truth: int, error: float) -> int:
    return (truth + int(rng.integers(1, len(CLASSES)))) % len(CLASSES) if rng.random() < error else truth


def _answer(week: int, task_id: str, sample_id: str, purpose: str, annotator: str, label: str) -> Mapping[str, object]:
    return {
        "annotation_id": f"{task_id} {annotator}", "sample_id": sample_id, "review_batch": _batch(week),
        "task_id": task_id, "purpose": purpose, "arm": "blind", "annotator": annotator, "label": label,
        "provenance": "simulated", "is_simulated": True, "revision": 1,
    }  # fmt: skip
