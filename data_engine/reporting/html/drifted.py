"""Batches on a page: which of them differ from what the corpus held before, and the samples that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import drift
from data_engine.reporting.sample_text import Shown, shown_samples
from data_engine.schemas import Tables

_MOST_NEW = 12


@dataclass(frozen=True)
class ComparedBatch:
    """A batch against all others.

    Attributes:
        batch: its name.
        n_samples: what arrived in it.
        n_reference: what arrived in all others.
        p_value: of all detectors together; None when it could not be compared.
        novelty_p: that its samples are as like the others as those are to each other; None when that was not tested.
        mass_p: that its clusters have the shares of the others.
        centre_p: that its mean vector is that of the others; None when that was not tested.
        is_alarm: whether it counts as drifted.
        note: why it could not be compared.
        new: samples that are unlike all known ones, the oddest first; of drifted batches alone.
    """

    batch: str
    n_samples: int
    n_reference: int
    p_value: float | None
    novelty_p: float | None
    mass_p: float | None
    centre_p: float | None
    is_alarm: bool
    note: str
    new: Sequence[Shown] = field(default=())


def compared_batches(tables: Tables) -> list[ComparedBatch]:
    """Every batch that has a report, in order of their names."""
    if "drift_report" not in tables:
        return []
    report = tables["drift_report"]
    alarmed = drift.alarms(report)
    rows: dict[str, dict[str, object]] = {}
    for row in report.drop_columns(["sample_ids"]).to_pylist():
        rows.setdefault(row["batch"], row)
    new = _new_samples(tables, alarmed)
    return [_compared(row, is_alarm=batch in alarmed, new=new.get(batch, ())) for batch, row in sorted(rows.items())]


def _compared(row: Mapping[str, object], *, is_alarm: bool, new: Sequence[Shown]) -> ComparedBatch:
    names = ("batch", "n_samples", "n_reference", "p_value", "novelty_p", "mass_p", "centre_p", "note")
    given: dict[str, object] = {name: row[name] for name in names}
    return ComparedBatch(**given, is_alarm=is_alarm, new=new)  # type: ignore[arg-type]


def _new_samples(tables: Tables, batches: Mapping[str, float]) -> dict[str, list[Shown]]:
    """Of each of these batches the oddest samples, as they are shown."""
    report = tables["drift_report"]
    odd = report.filter(
        pc.and_(pc.is_null(report["cluster"]), pc.is_in(report["batch"], pa.array(batches, pa.string())))
    )
    ids = {row["batch"]: row["sample_ids"][:_MOST_NEW] for row in odd.select(["batch", "sample_ids"]).to_pylist()}
    if not ids or "raw_index" not in tables:
        return {}
    shown = shown_samples(tables["raw_index"], [sample_id for some in ids.values() for sample_id in some])
    return {batch: [shown[sample_id] for sample_id in some if sample_id in shown] for batch, some in ids.items()}
