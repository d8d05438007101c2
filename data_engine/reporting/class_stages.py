"""Which stage of annotation each class is in: entered and left by quality, and by seconds where help costs some.

What a stage costs, all classes together, is in `data_engine.labeling.objects.annotation_stages`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.drift.crossing import Threshold, crossing
from data_engine.labeling.answers.counted import counted_answers, is_decision
from data_engine.labeling.answers.object_answers import matched_objects
from data_engine.labeling.answers.object_forms import OBJECTS
from data_engine.labeling.answers.registry import kind_of
from data_engine.labeling.gate import binomial_interval
from data_engine.labeling.objects.annotation_stages import (
    AS_STAGE_ONE_IOU,
    CONFIDENCE,
    STAGES,
    STAGES_OF_CLASSES,
    beside_stage_one,
    never_trained_on,
    objects_of,
    taken_without_a_person,
)
from data_engine.labeling.provenance import IMPORTED
from data_engine.schemas import CLASS_STAGES

NEWEST = 200
"""So many of the newest annotations of a class say what is so now."""
_ARMS = {"manual": False, "blind": False, "proposed": True, "assisted": True}
"""Whether a task of an arm shows a proposal. Which arm it is, a hash decides, so that the arms can be compared."""
_EXPERIMENT = ("query", "control")
#: Help is slower where the whole interval of the ratio of seconds is above the first, and comes back below the second.
_HELP_IS_SLOWER = Threshold(1.0, 0.95)
_N_DRAWS = 2000

_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Compared:
    """What a later stage says of a class in one sample, beside stage one: annotations wanted, and as in stage one."""

    name: str
    review_batch: str
    n_same: int
    n_wanted: int


@dataclass(frozen=True)
class _State:
    """Whether a stage is in force, its newest lower bound, on how many annotations, and where it changed last."""

    is_in_force: bool = False
    low: float | None = None
    n: int = 0
    changed_in: str | None = None


def class_stages(
    reviewed: pa.Table,
    proposals: pa.Table | None,
    *,
    classes: Sequence[str],
    target: float,
    margin: float,
    question: str = "",
) -> pa.Table:
    """The stage of each class, of people and of simulated annotators.

    The review batches are gone through in order. A stage is entered when the lower end of the 90 % interval of the
    share that is as in stage one goes above the target, and left when it comes down to the target less the margin. The
    second stage is also left while proposals make people slower, and a third needs no person and so no seconds.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`, in the order of their review batches.
        proposals: rows of `schemas.PROPOSALS`; None where there are none.
        classes: of the corpus.
        target: share as in stage one that a stage has to reach with its lower bound.
        margin: how far it has to come down before the stage is left, so that it does not flicker.
        question: of several questions, the name of this one.

    Returns: rows of `schemas.CLASS_STAGES`.
    """
    answers = [row for row in counted_answers(reviewed) if not is_decision(row) and row["provenance"] != IMPORTED]
    kind = kind_of(row["kind"] for row in answers)
    is_of_objects, names = kind.name == OBJECTS, STAGES if kind.name == OBJECTS else STAGES_OF_CLASSES
    batches = list(dict.fromkeys(reviewed["review_batch"].to_pylist()))
    found = []
    for is_simulated in (False, True):
        own = [row for row in answers if row["is_simulated"] == is_simulated]
        first = [row for row in own if row["proposed_answer"] is None]
        second = _compared([row for row in own if row["proposed_answer"] is not None], first, is_of_objects)
        third = _compared(taken_without_a_person(proposals) if own else [], never_trained_on(first), is_of_objects)
        seconds = _seconds(own, batches, is_of_objects)
        for name in classes if own else ():
            states = [_state(each, name, batches, target, margin) for each in (second, third)]
            help_ = _help(seconds.get(name, []), batches)
            stage = 3 if states[1].is_in_force else 2 if states[0].is_in_force and help_["is_helped"] else 1
            place = {"question": question, "class": name, "is_simulated": is_simulated}
            said = {"stage_number": stage, "stage": names[stage], "target": target}
            found.append({**place, **said, **_columns(*states), **help_})
    return pa.Table.from_pylist(found, schema=CLASS_STAGES)


def slowed_classes(reviewed: pa.Table) -> frozenset[str]:
    """The classes whose proposals make people slower, as in the column `is_helped` of `class_stages`.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`, in the order of their review batches.
    """
    answers = [row for row in counted_answers(reviewed) if not row["is_simulated"] and not is_decision(row)]
    is_of_objects = kind_of(row["kind"] for row in answers).name == OBJECTS
    batches = list(dict.fromkeys(reviewed["review_batch"].to_pylist()))
    seconds = _seconds(answers, batches, is_of_objects)
    return frozenset(name for name, each in seconds.items() if not _help(each, batches)["is_helped"])


def _columns(second: _State, third: _State) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, state in (("proposed", second), ("automatic", third)):
        found |= {f"{name}_low": state.low, f"{name}_n": state.n, f"{name}_changed_in": state.changed_in}
    return found


def _compared(rows: _Rows, first: _Rows, is_of_objects: bool) -> list[_Compared]:
    """Each row beside an answer of stage one about the same sample, by somebody else."""
    found = []
    for row, other in beside_stage_one(rows, first):
        batch = row.get("review_batch") or other["review_batch"]
        if not is_of_objects:
            name = str(kind_of([row["kind"]]).label_of(row["answer"]))
            found.append(_Compared(name, batch, int(row["answer"] == other["answer"]), 1))
            continue
        found += _compared_objects(row["answer"], other["answer"], objects_of(other), batch)
    return found


def _compared_objects(answer: str, other: str, wanted: _Rows, batch: str) -> list[_Compared]:
    matched = matched_objects(answer, other)
    same: dict[str, int] = defaultdict(int)
    all_of: dict[str, int] = defaultdict(int)
    for one in wanted:
        all_of[one["class"]] += 1
    for (_, place), share in zip(matched.pairs, matched.ious, strict=True):
        same[wanted[place]["class"]] += int(share > AS_STAGE_ONE_IOU)
    return [_Compared(name, batch, same[name], n) for name, n in sorted(all_of.items())]


def _state(compared: Sequence[_Compared], name: str, batches: Sequence[str], target: float, margin: float) -> _State:
    """What the batches in turn make of a stage: entered and left, with room between the two."""
    of_batch: dict[str, list[_Compared]] = defaultdict(list)
    for one in compared:
        if one.name == name:
            of_batch[one.review_batch].append(one)
    limits, state, newest = Threshold(target, target - margin), _State(), list[_Compared]()
    for batch in batches:
        if not of_batch[batch]:
            continue
        newest = _newest([*newest, *of_batch[batch]])
        n = sum(one.n_wanted for one in newest)
        low = binomial_interval(sum(one.n_same for one in newest), n, CONFIDENCE)[0]
        change = crossing(low, limits, is_on=state.is_in_force)
        is_now = state.is_in_force if change is None else change == "raised"
        state = _State(is_now, low, n, state.changed_in if change is None else batch)
    return state


def _newest(compared: list[_Compared]) -> list[_Compared]:
    """The last ones that hold at most so many annotations, and at least one of them."""
    n, first = 0, len(compared)
    while first and (n + compared[first - 1].n_wanted <= NEWEST or first == len(compared)):
        first -= 1
        n += compared[first].n_wanted
    return compared[first:]


def _seconds(rows: _Rows, batches: Sequence[str], is_of_objects: bool) -> dict[str, list[tuple[str, bool, float]]]:
    """By class, of each annotation of the arms: its review batch, whether a proposal was shown, its active seconds."""
    place = {batch: number for number, batch in enumerate(batches)}
    timed = [row for row in rows if row["purpose"] in _EXPERIMENT and row["arm"] in _ARMS]
    found: dict[str, list[tuple[str, bool, float]]] = defaultdict(list)
    for row in sorted(timed, key=lambda row: place[row["review_batch"]]):
        annotations = objects_of(row) if is_of_objects else [{"class": row["label"], "active_s": row["active_s"]}]
        for one in annotations:
            if one.get("active_s") is not None:
                found[one["class"]].append((row["review_batch"], _ARMS[row["arm"]], float(one["active_s"])))
    return found


def _help(seconds: Sequence[tuple[str, bool, float]], batches: Sequence[str]) -> dict[str, Any]:
    """Seconds with and without help, their ratio with its interval, and whether help is given."""
    is_slower, with_, without = False, list[float](), list[float]()
    low: float | None = None
    high: float | None = None
    by_batch: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for batch, is_helped, active_s in seconds:
        by_batch[batch].append((is_helped, active_s))
    for batch in batches:
        if not by_batch[batch]:
            continue
        with_ = [*with_, *(each for is_helped, each in by_batch[batch] if is_helped)][-NEWEST:]
        without = [*without, *(each for is_helped, each in by_batch[batch] if not is_helped)][-NEWEST:]
        if min(len(with_), len(without)) < 2 or sum(without) <= 0:
            continue
        low, high = ratio_interval(np.array(with_), np.array(without))
        # Above the limit even at its lower end it is slower; below the other even at its upper end it pays again.
        change = crossing(high if is_slower else low, _HELP_IS_SLOWER, is_on=is_slower)
        is_slower = is_slower if change is None else change == "raised"
    return {
        "seconds_with_help": float(np.mean(with_)) if with_ else None,
        "seconds_without_help": float(np.mean(without)) if without else None,
        "n_with_help": len(with_),
        "n_without_help": len(without),
        "help_low": low,
        "help_high": high,
        "is_helped": not is_slower,
    }


def ratio_interval(some: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[float, float]:
    """The 90 % percentile interval of the ratio of two means, from 2,000 draws of each that are always the same.

    Args:
        some: (n,) seconds.
        others: (m,) seconds, not all 0.

    Returns: (low, high) of mean(some) / mean(others).
    """
    draws = []
    for seed, values in enumerate((some, others)):
        n = len(values)
        counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_N_DRAWS)
        draws.append(counts @ values / n)
    low, high = np.quantile(draws[0] / np.maximum(draws[1], 1e-9), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
