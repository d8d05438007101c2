"""What people say that samples of the hold-out and audits are, against which the answers of a decider are held.

The gate itself is in `data_engine.labeling.gate`.
"""

from collections.abc import Collection, Sequence
from typing import Literal

import pyarrow as pa

from data_engine.labeling.answers.class_answers import ClassAnswers, agree
from data_engine.labeling.answers.counted import counted_answers
from data_engine.labeling.answers.trap_records import trap_records


def hold_out_classes(
    reviewed: pa.Table,
    class_names: Sequence[str],
    *,
    among: Collection[str] | None = None,
    purpose: Literal["hold_out", "audit", "leaf", "control"] = "hold_out",
) -> dict[str, str]:
    """The agreed class of each sample of the hold-out, by id; or of each that was asked about for another purpose.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        class_names: the classes of the question.
        among: samples to look at; None looks at all.
        purpose: why people were asked.
    """
    counted = counted_answers(reviewed)
    held_out = {row["sample_id"] for row in counted if row["purpose"] == purpose}
    wanted = held_out if among is None else held_out & set(among)
    rows = [row for row in counted if row["sample_id"] in wanted]
    if not rows:
        return {}
    agreed = agree(rows, class_names, traps=trap_records(reviewed, ClassAnswers()))
    return {
        sample_id: class_names[number]
        for sample_id, number in zip(agreed.sample_ids, agreed.classes.tolist(), strict=True)
    }
