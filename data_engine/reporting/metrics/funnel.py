"""The funnel: samples left after every step, and the reasons why the others went.

The counts come from `report_metrics.funnel_metrics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from data_engine.reporting.metrics.metric import Metric
from data_engine.reporting.number_format import plain

Metrics = Mapping[tuple[str, str], Metric]

#: Scope of the metric `funnel` to its name and what the step does.
_STAGES = {
    "raw": ("raw", "read from the source"),
    "kept": ("kept", "past the cheap rules"),
    "unique": ("unique", "duplicates removed"),
    "chosen": ("balanced", "chosen to stand for all of them"),
    "labelled": ("labelled", "with one label each"),
    "releasable": ("in scope", "can be released"),
    "released": ("released", "in the newest release"),
}


#: The reason of a sample that goes because another one says the same, by their embeddings.
SEMANTIC = "semantic_duplicate"


@dataclass(frozen=True)
class Stage:
    """The samples left after one step."""

    name: str
    meaning: str
    n: int
    share: float
    """Share of the first stage."""
    lost: str
    """The samples that the step before it took away, as words; empty where nothing is known."""


def stages(metrics: Metrics) -> tuple[Stage, ...]:
    """The stages that were measured, in order."""
    counts = {scope: round(metrics[("funnel", scope)].value) for scope in _STAGES if ("funnel", scope) in metrics}
    if not counts:
        return ()
    first = max(next(iter(counts.values())), 1)
    return tuple(
        Stage(*_STAGES[scope], n=n, share=n / first, lost=_lost(scope, counts, metrics)) for scope, n in counts.items()
    )


def _lost(scope: str, counts: Mapping[str, int], metrics: Metrics) -> str:
    if scope in ("kept", "unique"):
        reasons = {name: round(m.value) for (metric, name), m in metrics.items() if metric == "rejected"}
        mine = {n: k for n, k in reasons.items() if n != SEMANTIC and ("duplicate" in n) == (scope == "unique")}
        return ", ".join(f"{n:,} {plain(name)}" for name, n in mine.items())
    if scope == "chosen" and ("rejected", SEMANTIC) in metrics:
        return f"{metrics['rejected', SEMANTIC].value:,.0f} {plain(SEMANTIC)}, the rest not chosen"
    if scope == "releasable" and "labelled" in counts and counts["labelled"] > counts[scope]:
        return f"{counts['labelled'] - counts[scope]:,} labelled out of scope"
    if scope == "labelled" and counts.get("chosen", 0) > counts[scope]:
        return f"{counts['chosen'] - counts[scope]:,} wait for an answer"
    return ""


def headline(metrics: Metrics) -> str:
    """The run in one sentence, as far as it got."""
    n = {stage.name: stage.n for stage in stages(metrics)}
    if not n:
        return "Nothing has been measured yet."
    sentence = f"{n['raw']:,} raw samples" if "raw" in n else "The samples"
    if "balanced" in n:
        sentence += f" became {n['balanced']:,} balanced ones"
    elif "unique" in n:
        sentence += f" hold {n['unique']:,} worth keeping"
    final = n.get("released", n.get("in scope"))
    if final is not None and "balanced" in n:
        sentence += f"; {final:,} of them have a label and are in scope"
    if ("kept_labels", "all") in metrics:
        sentence += f"; labels of {metrics['kept_labels', 'all'].value:,.0f} samples outside the subset are kept"
    return f"{sentence}."
