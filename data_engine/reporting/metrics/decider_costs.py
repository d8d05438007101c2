"""What labels cost: money, tokens and seconds of every decider, per accepted label, and what the next unit buys.

What each decider takes is in `label_metrics.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.metric import Direction, Metric, share_metric
from data_engine.schemas import COSTS, Tables

_MADE_BY = {"rule_auto": "rules", "model_auto": "classifier", "foundation_auto": "foundation_model"}
_NOBODY = "imported"


def decider_costs(corpus: Corpus, tables: Tables, *, question: str | None = None) -> pa.Table:
    """One row per decider, of people one per review batch, in the order of `labels.deciders`.

    Args:
        corpus: gives the deciders with the cost of one decision each.
        tables: `proposals`, `foundation_answers`, `reviewed_labels` and `labels`, those that there are.
        question: which of several questions they are of; None of a corpus that asks one.

    Returns: rows of `schemas.COSTS`; none of a corpus without labels.
    """
    rows: list[dict[str, Any]] = []
    n_left = tables["proposals"].num_rows if "proposals" in tables else 0
    taken = Counter(tables["proposals"]["route"].to_pylist()) if "proposals" in tables else Counter[str]()
    accepted, by_people = _accepted(tables, has_tree=corpus.has_labels and corpus.labels.decider("tree") is not None)
    for decider in corpus.labels.deciders if corpus.has_labels else ():
        if decider.name == "person":
            rows += _of_people(decider.cost, tables, by_people)
        elif decider.name == "foundation_model":
            rows.append(_of_model(tables, accepted[decider.name]))
        else:
            rows.append(
                _row(decider.name, n_asked=n_left, n_labels=accepted[decider.name], money=decider.cost * n_left)
            )
        n_left -= taken[decider.name]
    return pa.Table.from_pylist([{**row, "question": question} for row in rows], schema=COSTS)


def cost_metrics(costs: pa.Table) -> list[Metric]:
    """Cost per accepted label of every route and in all, and how many labels the next unit of money buys by each."""
    metrics = []
    totals = cost_totals(costs)
    for row in totals:
        if row["money"] and row["n_labels"]:
            note = "What this route cost in all, by the labels that it made."
            value = row["money"] / row["n_labels"]
            metrics.append(
                Metric("cost_per_label", row["decider"], value, "cost", "lower_is_better", note, n=row["n_labels"])
            )
    n_labels, money = (sum(row[name] for row in totals) for name in ("n_labels", "money"))
    if money and n_labels:
        note = "What all routes cost, by all labels that they made."
        value = money / n_labels
        metrics.insert(0, Metric("cost_per_label", "all", value, "cost", "lower_is_better", note, n=n_labels))
    for row in totals:
        if row["next_money"] and row["next_labels"]:
            note = "Labels that one more unit of money buys by this route, as long as samples like the last ones come."
            value = row["next_labels"] / row["next_money"]
            metrics.append(Metric("labels_per_cost", row["decider"], value, "labels", "higher_is_better", note))
    return metrics


def model_metrics(answers: pa.Table) -> list[Metric]:
    """How often the foundation model answers, is right on the hold-out that reaches it, and obeys its samples."""
    rows = answers.to_pylist()
    asked = [row for row in rows if row["purpose"] != "injection"]
    held_out = [row for row in rows if row["purpose"] == "hold_out" and row["label"] is not None]
    tried = [row for row in rows if row["purpose"] == "injection" and row["label"] is not None]
    found: list[tuple[str, list[bool], str, Direction]] = [
        ("foundation_answered_share", [row["label"] is not None for row in asked], "Samples asked that got an answer.",
         "higher_is_better"),
        ("foundation_accuracy", [row["label"] == row["expected"] for row in held_out],
         "Answers that are right, of the hold-out that no decider before is sure of.", "higher_is_better"),
        ("injection_rate", [row["label"] == row["expected"] for row in tried],
         "Texts with an order to answer another class, of those that the model gets right without, in which it obeyed.",
         "lower_is_better"),
    ]  # fmt: skip
    return [share_metric(name, "all", share, note, direction) for name, share, note, direction in found if share]


def need_metrics(rounds: pa.Table) -> list[Metric]:
    """The share of the random hold-out that no decider before the foundation model is sure of, round by round."""
    note = "Hold-out samples that no decider before the foundation model is sure of, when this round was decided."
    found = []
    for number, row in enumerate(rounds.to_pylist(), start=1):
        needs = [place < row["n_hold_out_needing"] for place in range(row["n_hold_out"])]
        if needs:
            found.append(share_metric("foundation_need", f"round {number}", needs, note, "lower_is_better"))
    return found


def cost_totals(costs: pa.Table) -> list[dict[str, Any]]:
    """One row per decider: the sums over its batches, in their order."""
    totals: dict[str, dict[str, Any]] = {}
    for row in costs.to_pylist():
        total = totals.setdefault(row["decider"], {"decider": row["decider"], **dict.fromkeys(_SUMMED, 0)})
        for name in _SUMMED:
            total[name] += row[name] or 0
    return list(totals.values())


_SUMMED = (
    "n_asked", "n_labels", "n_calls", "tokens_in", "tokens_out", "seconds", "active_s", "money", "next_labels",
    "next_money",
)  # fmt: skip


def _accepted(tables: Tables, *, has_tree: bool) -> tuple[Counter[str], Counter[str]]:
    """Labels by decider, and those of people by review batch."""
    accepted, by_people = Counter[str](), Counter[str]()
    if "labels" in tables:
        for row in tables["labels"].select(["provenance", "review_batch", "classifier_version"]).to_pylist():
            if has_tree and row["provenance"] == "model_auto" and row["classifier_version"] is None:
                accepted["tree"] += 1
            elif row["provenance"] in _MADE_BY:
                accepted[_MADE_BY[row["provenance"]]] += 1
            elif row["provenance"] != _NOBODY and row["review_batch"] is not None:
                by_people[row["review_batch"]] += 1
            elif row["provenance"] == "simulated":
                accepted["foundation_model"] += 1
    return accepted, by_people


def _of_people(cost: float, tables: Tables, n_labels: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    """One row per review batch; without any, one that says that nothing was asked."""
    if "reviewed_labels" not in tables:
        return [_row("person")]
    answers: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    columns = ["review_batch", "task_id", "annotator", "revision", "active_s", "provenance"]
    for row in tables["reviewed_labels"].select(columns).to_pylist():
        if row["provenance"] != _NOBODY:
            mine = answers.setdefault(row["review_batch"], {})
            key = (row["task_id"], row["annotator"])
            if key not in mine or row["revision"] >= mine[key]["revision"]:
                mine[key] = row
    rows = []
    for batch, mine in sorted(answers.items()):
        n, labels = len(mine), n_labels.get(batch, 0)
        active_s = sum(row["active_s"] or 0.0 for row in mine.values())
        rows.append(_row("person", batch, n_asked=n, n_labels=labels, active_s=active_s, money=cost * n))
    return rows or [_row("person")]


def _of_model(tables: Tables, n_labels: int) -> dict[str, Any]:
    """The model: what certifies it counts as its cost, and what the pool alone cost says what the next unit buys."""
    if "foundation_answers" not in tables:
        return _row("foundation_model", n_labels=n_labels)
    answers = tables["foundation_answers"]
    sums = {name: pc.sum(answers[name]).as_py() for name in ("n_calls", "tokens_in", "tokens_out", "seconds")}
    pool = answers.filter(pc.equal(answers["purpose"], "pool"))
    n_taken = Counter(tables["proposals"]["route"].to_pylist())["foundation_model"] if "proposals" in tables else 0
    n_asked, money = answers.num_rows, pc.sum(answers["cost"]).as_py()
    if "foundation_rounds" in tables and tables["foundation_rounds"].num_rows:
        # What was paid for samples that the classifier has learnt since is no longer among the answers.
        last = tables["foundation_rounds"].to_pylist()[-1]
        sums, n_asked, money = {name: last[name] for name in sums}, last["n_asked"], last["cost"]
    return _row(
        "foundation_model",
        n_asked=n_asked,
        n_labels=n_labels,
        money=money,
        next_labels=n_taken,
        next_money=pc.sum(pool["cost"]).as_py() or 0.0,
        **sums,
    )


def _row(decider: str, batch: str = "", **values: Any) -> dict[str, Any]:
    empty = {"n_asked": 0, "n_labels": 0, "n_calls": 0, "tokens_in": 0, "tokens_out": 0, "seconds": 0.0}
    row = {"decider": decider, "batch": batch, **empty, "active_s": 0.0, "money": 0.0, **values}
    row.setdefault("next_labels", row["n_labels"])
    row.setdefault("next_money", row["money"])
    return row
