"""Which classes the proposals take for which, on the answers of the hold-out, with samples to look at.

What speaks against single labels is in `reporting/html/excerpts.py`.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from data_engine.reporting.metrics.label_metrics import latest_answers
from data_engine.schemas import Tables

N_CONFUSIONS, N_EXAMPLES = 12, 5


@dataclass(frozen=True)
class Confusion:
    """A class that was answered, the class that was proposed for it, and how often."""

    answered: str
    proposed: str
    n: int
    n_answered: int
    """Samples of the hold-out that were answered so."""
    sample_ids: tuple[str, ...]
    """Some of them, the most probable mistakes first."""


def confusions(tables: Tables) -> tuple[tuple[Confusion, ...], int, int]:
    """The commonest confusions, the most first; how many mistakes there are in all; how many samples were compared."""
    if not {"proposals", "reviewed_labels"} <= set(tables):
        return (), 0, 0
    truth = {
        str(row["sample_id"]): str(row["label"])
        for row in latest_answers(tables["reviewed_labels"])
        if row["purpose"] == "hold_out" and row["label"] is not None
    }
    pairs: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    compared = Counter[str]()
    for row in tables["proposals"].select(["sample_id", "label", "probability"]).to_pylist():
        answered = truth.get(row["sample_id"])
        if answered is None or row["label"] is None:
            continue
        compared[answered] += 1
        if row["label"] != answered:
            pairs[answered, row["label"]].append((-row["probability"], row["sample_id"]))
    found = [
        Confusion(*pair, len(rows), compared[pair[0]], tuple(sample for _, sample in sorted(rows)[:N_EXAMPLES]))
        for pair, rows in sorted(pairs.items(), key=lambda each: (-len(each[1]), each[0]))
    ]
    return tuple(found[:N_CONFUSIONS]), sum(each.n for each in found), compared.total()
