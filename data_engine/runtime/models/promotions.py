"""What people decided about the micro-model in service: who, when, why, and what is in force.

What the test on the hold-out decides is in `data_engine.labeling.models.promotion`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.runtime.versions import fingerprint
from data_engine.schemas import MODEL_PROMOTIONS

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.storage import TableStore

TABLE = "model_promotions"
PROMOTE, ROLLBACK = "promote", "rollback"
BY_HAND = "promotions by hand"
"""The input of the step `classifier` that these decisions are."""


@dataclass(frozen=True)
class HandPromotion:
    """A decision of a person; a row of the schema MODEL_PROMOTIONS."""

    number: int
    action: str
    classifier_version: str | None
    replaced: str | None
    decided_by: str
    decided_at: datetime
    reason: str

    @property
    def told(self) -> str:
        """Who decided, when and why."""
        return f"{self.decided_by} decided so on {self.decided_at:%Y-%m-%d %H:%M} UTC: {self.reason}"


def hand_promotions(store: "TableStore") -> list[HandPromotion]:
    """Every decision of a person, the first first."""
    rows = store.read(TABLE).to_pylist()
    return [HandPromotion(**row) for row in sorted(rows, key=lambda row: row["number"])]


def in_force(decided: Sequence[HandPromotion]) -> HandPromotion | None:
    """The decision that holds now; None where the test on the hold-out decides.

    A rollback undoes the decision before it. One with nothing to undo names a version, and is then a decision itself.
    """
    held: list[HandPromotion] = []
    for each in decided:
        if each.action == ROLLBACK and held:
            held.pop()
        elif each.classifier_version is not None:
            held.append(each)
    return held[-1] if held else None


def promotion_in_force(runtime: "CorpusRuntime") -> HandPromotion | None:
    """The decision of a person that holds in a corpus now; None where the test on the hold-out decides."""
    return in_force(hand_promotions(runtime.store()))


def add_promotion(store: "TableStore", promotion: HandPromotion, *, run_id: str) -> None:
    """Keep one more decision, behind the others."""
    rows = [vars(each) for each in (*hand_promotions(store), promotion)]
    store.write(TABLE, pa.Table.from_pylist(rows, schema=MODEL_PROMOTIONS), run_id=run_id, code_version="1")


def promotion_inputs(store: "TableStore") -> dict[str, str]:
    """What the step `classifier` reads of these decisions, as inputs of a version; nothing before the first."""
    held = in_force(hand_promotions(store))
    return {} if held is None else {BY_HAND: fingerprint([held.number, held.classifier_version])}
