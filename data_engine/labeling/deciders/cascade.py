"""Routing: every sample goes to the first decider that is sure of it by its gate, and to a person where none is.

Which deciders there are is in `registry.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.deciders.registry import PERSON, find_decider
from data_engine.labeling.gate import Gate

_SMALL = 0.01


@dataclass(frozen=True, eq=False)
class Opinion:
    """What one decider says of n samples, and the gate that its scores are held against.

    `answers` (n,) are None where it says nothing; `scores` (n,) float64, higher is surer; `score_name` is what a score
    is, as a reason says it; `says_nothing` is the reason where there is no answer. `gates` (n,) are the gates that each
    answer is held against where classes have their own; without any, all are held against `gate`. `remarks` (n,) are
    added to the reasons, and stand in the place of `says_nothing`; empty ones say nothing. `shut` says why it decides
    nothing although its gate would let it; see `audits.py`.
    """

    decider: str
    gate: Gate
    answers: tuple[str | None, ...]
    scores: NDArray[np.float64]
    score_name: str = "probability"
    says_nothing: str = "no answer"
    gates: tuple[Gate, ...] = ()
    remarks: tuple[str, ...] = ()
    shut: str = ""

    @property
    def is_sure(self) -> NDArray[np.bool_]:
        """(n,) whether it may decide alone."""
        has_answer = np.array([answer is not None and not self.shut for answer in self.answers], dtype=bool)
        if not self.gates:
            return np.asarray(self.gate.accepts_scores(self.scores) & has_answer)
        limits = [np.inf if gate.threshold is None else gate.threshold for gate in self.gates]
        return np.asarray((self.scores >= np.array(limits, dtype=np.float64)) & has_answer)

    def gate_of(self, row: int) -> Gate:
        """The gate that the answer about a sample is held against."""
        return self.gates[row] if self.gates else self.gate

    def why(self, row: int) -> str:
        """Why it may decide about a sample, or may not."""
        remark = self.remarks[row] if self.remarks else ""
        if self.answers[row] is None:
            return remark or self.says_nothing
        gate = self.gate_of(row)
        if self.shut and gate.threshold is not None and self.scores[row] >= gate.threshold:
            return self.shut
        of = " of its class" if gate is not self.gate else ""
        if gate.threshold is None:
            return f"no gate{of}: the hold-out does not certify a precision of {gate.target_precision:g}"
        sign = ">=" if self.scores[row] >= gate.threshold else "<"
        measured = f"{self.score_name} {_told(self.scores[row])} {sign} gate{of} {_told(gate.threshold)}"
        return f"{measured}, {remark}" if remark else measured


def _told(score: float) -> str:
    """A score with four decimals; a small one, as a model held to a grammar gives, with four digits."""
    return f"{score:.4f}" if score >= _SMALL or not score else f"{score:.4g}"


@dataclass(frozen=True, eq=False)
class Routes:
    """Who takes each of n samples: `deciders` (n,) names, `reasons` (n,) sentences.

    `answers` (n,) are what was decided, None for a person; `lower_bounds` (n,) the certified precision, None likewise.
    """

    deciders: tuple[str, ...]
    reasons: tuple[str, ...]
    answers: tuple[str | None, ...]
    lower_bounds: tuple[float | None, ...]


def route(order: Sequence[str], opinions: Mapping[str, Opinion], n_samples: int) -> Routes:
    """Let each sample go down the deciders in their order, until one is sure.

    Args:
        order: names of deciders; a person is last.
        opinions: of every decider in the order but the person; others are not asked.
        n_samples: how many samples the opinions are about.

    Returns: one route per sample.
    Raises: InvalidInput for an unknown name, an order that does not end at a person, or a decider without an opinion
        on every sample.
    """
    asked = _asked(order, opinions, n_samples)
    sure = [opinion.is_sure for opinion in asked]
    rows = [_of_one(asked, [bool(mask[row]) for mask in sure], row) for row in range(n_samples)]
    deciders, reasons, answers, lower_bounds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Routes(deciders, reasons, answers, lower_bounds)


def not_taken(ids: Sequence[str], opinions: Sequence[Opinion]) -> set[str]:
    """Those of the ids that none of the opinions, which are about them in this order, is sure of."""
    taken = np.zeros(len(ids), dtype=bool)
    for opinion in opinions:
        taken |= opinion.is_sure
    return {name for name, is_taken in zip(ids, taken.tolist(), strict=True) if not is_taken}


def _asked(order: Sequence[str], opinions: Mapping[str, Opinion], n_samples: int) -> list[Opinion]:
    people = [name for name in order if find_decider(name).is_person]
    if people != [PERSON] or order[-1] != PERSON:
        raise InvalidInput(f"the deciders are {', '.join(order) or 'none'}; {PERSON} must be there once, as the last")
    asked = []
    for name in order[:-1]:
        if name not in opinions or len(opinions[name].answers) != n_samples:
            n = len(opinions[name].answers) if name in opinions else 0
            raise InvalidInput(f"decider {name!r} has {n} opinions on {n_samples} samples; give one for each")
        asked.append(opinions[name])
    return asked


def _of_one(asked: Sequence[Opinion], is_sure: Sequence[bool], row: int) -> tuple[str, str, str | None, float | None]:
    before: list[str] = []
    for opinion, takes_it in zip(asked, is_sure, strict=True):
        if takes_it:
            after = f", after {', '.join(before)}" if before else ""
            reason = f"{opinion.decider}: {opinion.why(row)}{after}"
            return opinion.decider, reason, opinion.answers[row], opinion.gate_of(row).lower_bound
        before.append(f"{opinion.decider} ({opinion.why(row)})")
    return PERSON, f"{PERSON}: {', '.join(before) or 'nobody else decides'}", None, None
