"""Review batches of a size that a person names: what of a planned round goes into one, and what is left out.

What a round asks is planned in `labeling/rounds.py`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_engine.labeling import PlannedTask

_OTHERS = 5
"""One task in so many is a trap, an audit or a label that looks wrong."""


def query_size(n_tasks: int) -> int:
    """The size of the query batch that fits a review batch of so many tasks, half of the rest being random."""
    return -(-(n_tasks - n_tasks // _OTHERS) // 2)


def fitted(planned: "tuple[PlannedTask, ...]", n_tasks: int) -> "tuple[PlannedTask, ...]":
    """A planned round with at most so many tasks beside its hold-out, in their order.

    The query batch stays, a fifth may be traps, audits and doubtful labels in turn, and random tasks fill the rest.
    """
    by_purpose: dict[str, list[PlannedTask]] = {}
    for task in planned:
        by_purpose.setdefault(task.purpose, []).append(task)
    kept = by_purpose.get("query", [])[:n_tasks]
    others = [by_purpose.get(purpose, []) for purpose in ("trap", "audit", "doubtful")]
    in_turn = [tasks[n] for n in range(max(map(len, others))) for tasks in others if n < len(tasks)]
    kept = [*kept, *in_turn[: min(n_tasks // _OTHERS, n_tasks - len(kept))]]
    kept += by_purpose.get("control", [])[: n_tasks - len(kept)]
    chosen = {(task.sample_id, task.purpose) for task in kept}
    return tuple(task for task in planned if task.purpose == "hold_out" or (task.sample_id, task.purpose) in chosen)
