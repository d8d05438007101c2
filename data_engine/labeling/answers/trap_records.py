"""How annotators did at traps: proposals known to be wrong, which somebody who looks does not accept.

Their answers to traps count for no label; see `counted.py`.
"""

import pyarrow as pa

from data_engine.labeling.answers.kind import AnswerKind


def trap_records(reviewed: pa.Table, kind: AnswerKind) -> dict[str, tuple[int, int]]:
    """By annotator, how many traps were caught and how many missed: how far their other answers are to be believed.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        kind: of the answers.
    """
    found: dict[str, tuple[int, int]] = {}
    for row in reviewed.to_pylist():
        if (row["purpose"] == "trap" or row["arm"] == "trap") and row["proposed_answer"] is not None:
            is_missed = kind.is_same(row["answer"], row["proposed_answer"])
            n_caught, n_missed = found.get(row["annotator"], (0, 0))
            found[row["annotator"]] = (n_caught + (not is_missed), n_missed + is_missed)
    return found
