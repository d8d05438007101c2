"""What people decided about the micro-model in service: who, when, why, and what is in force.

What the test on the hold-out decides is in `data_engine.labeling.models.promotion`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import MODEL_PROMOTIONS

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.storage import TableStore

TABLE = "model_promotions"
PROMOTE, ROLLBACK = "promote", "rollback"
PROMOTE_NETWORK, ROLLBACK_NETWORK = "promote network", "rollback network"
"""The same of the networks for masks, whose versions have decisions of their own."""
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


def hand_promotions(store: "TableStore", *, of_networks: bool = False) -> list[HandPromotion]:
    """Every decision of a person about the micro-model, or about the networks for masks; the first first."""
    actions = (PROMOTE_NETWORK, ROLLBACK_NETWORK) if of_networks else (PROMOTE, ROLLBACK)
    return [each for each in _all(store) if each.action in actions]


def _all(store: "TableStore") -> list[HandPromotion]:
    rows = store.read(TABLE).to_pylist()
    return [HandPromotion(**row) for row in sorted(rows, key=lambda row: row["number"])]


def in_force(decided: Sequence[HandPromotion]) -> HandPromotion | None:
    """The decision that holds now; None where the test on the hold-out decides.

    A rollback undoes the decision before it. One with nothing to undo names a version, and is then a decision itself.
    """
    held: list[HandPromotion] = []
    for each in decided:
        if each.action in (ROLLBACK, ROLLBACK_NETWORK) and held:
            held.pop()
        elif each.classifier_version is not None:
            held.append(each)
    return held[-1] if held else None


def promotion_in_force(runtime: "CorpusRuntime") -> HandPromotion | None:
    """The decision of a person that holds in a corpus now; None where the test on the hold-out decides."""
    return in_force(hand_promotions(runtime.store()))


def add_promotion(store: "TableStore", promotion: HandPromotion, *, run_id: str) -> None:
    """Keep one more decision, behind the others."""
    rows = [vars(each) for each in (*_all(store), promotion)]
    store.write(TABLE, pa.Table.from_pylist(rows, schema=MODEL_PROMOTIONS), run_id=run_id, code_version="1")


def decide(
    store: "TableStore",
    action: str,
    version: str | None,
    *,
    replaced: str | None,
    by: str,
    why: str,
    now: datetime,
    run_id: str,
) -> HandPromotion:
    """Make a decision, and keep it.

    Args:
        store: Of the corpus.
        action: One of the four.
        version: In service since; None where the test on the hold-out decides again.
        replaced: In service until now.
        by: Who decides.
        why: In a sentence.
        now: The time.
        run_id: Of the command.

    Raises: InvalidInput where nobody decides, or for no reason.
    """
    for name, value in (("by", by), ("why", why)):
        if not value.strip():
            raise InvalidInput(f"--{name} is empty; say it, because it is kept with the decision")
    made = HandPromotion(len(_all(store)) + 1, action, version, replaced, by.strip(), now, why.strip())
    add_promotion(store, made, run_id=run_id)
    return made


def undone(decided: Sequence[HandPromotion], *, by: str, why: str, now: datetime) -> HandPromotion | None:
    """The decision that would hold after a rollback of the one that holds now."""
    action = ROLLBACK if decided[-1].action in (PROMOTE, ROLLBACK) else ROLLBACK_NETWORK
    return in_force([*decided, HandPromotion(decided[-1].number + 1, action, None, None, by, now, why)])


def promotion_inputs(store: "TableStore") -> dict[str, str]:
    """What the step `classifier` reads of these decisions, as inputs of a version; nothing before the first."""
    held = in_force(hand_promotions(store))
    return {} if held is None else {BY_HAND: fingerprint([held.number, held.classifier_version])}
