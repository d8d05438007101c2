"""Blind audits of a route: a decider whose audited answers contradict its certificate is shut.

What it decided goes to people until its answers to the same samples, or its certificate, are others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.gate import Gate, binomial_interval

_SHUT = re.compile(
    r"(\w+) \(shut by its audits: (\d+) of (\d+) right, so at most ([\d.]+) of its answers, "
    r"below the promise of ([\d.]+)\)"
)

#: Probabilities are float32, and products of matrices of other sizes differ in the last places.
_SAME_PROBABILITY = 1e-6


@dataclass(frozen=True)
class ShutRoute:
    """A decider that its audits shut: how many of them were right, the most that its precision can be, its promise."""

    decider: str
    n_right: int
    n_audits: int
    most: float
    promise: float

    @property
    def told(self) -> str:
        """The figures in a sentence."""
        return (
            f"{self.decider} is right on {self.n_right} of {self.n_audits} audits, so on at most {self.most:.3f} of "
            f"its answers, and promised {self.promise:g}"
        )


def shut_in(reasons: Iterable[str]) -> dict[str, tuple[ShutRoute, list[int]]]:
    """The deciders that reasons of routes say are shut, each with the rows that it answered and may not take."""
    found: dict[str, tuple[ShutRoute, list[int]]] = {}
    for row, reason in enumerate(reasons):
        for decider, n_right, n, most, promise in _SHUT.findall(reason):
            shut = ShutRoute(decider, int(n_right), int(n), float(most), float(promise))
            found.setdefault(decider, (shut, []))[1].append(row)
    return found


def shut_by_audits(
    opinion: Opinion, said: Mapping[str, tuple[str, float]], truths: Mapping[str, str], *, confidence: float = 0.9
) -> Opinion:
    """The opinion, shut where the audits show that its precision is below what its gate promises.

    Args:
        opinion: with the certified gate.
        said: its answer to audited samples that no decider before it is sure of, as a class, with its score.
        truths: the class that people gave without seeing it.
        confidence: that the interval covers the true precision, in (0, 1).
    """
    why = why_shut(opinion.gate, said, truths, confidence=confidence)
    return replace(opinion, shut=why) if why else opinion


def why_shut(
    gate: Gate,
    said: Mapping[str, tuple[str, float]],
    truths: Mapping[str, str],
    *,
    class_gates: Mapping[str, Gate] = MappingProxyType({}),
    confidence: float = 0.9,
) -> str:
    """Why audits shut a decider, as its reasons say it; empty where they do not.

    It is shut by the upper end of the interval, not by the share itself: of a route that keeps its promise, few audits
    often find a share below it.

    Args:
        gate: its certified gate; without a threshold nothing is decided and nothing shut.
        said: as in `shut_by_audits`.
        truths: as there.
        class_gates: the gates of classes that have one of their own.
        confidence: as there.
    """
    judged = [
        label == truths[name]
        for name, (label, score) in said.items()
        if name in truths and _is_taken(class_gates.get(label, gate), score)
    ]
    n, n_right = len(judged), sum(judged)
    most = binomial_interval(n_right, n, confidence)[1]
    if most >= gate.target_precision:
        return ""
    return (
        f"shut by its audits: {n_right} of {n} right, so at most {most:.3f} of its answers, below the promise of "
        f"{gate.target_precision:g}"
    )


def still_said(
    now: Mapping[str, tuple[str, float]], asked: Mapping[str, tuple[str, float | None]]
) -> dict[str, tuple[str, float]]:
    """What a classifier says of audited samples and was proposed when the audit was asked, as class and probability.

    A version that learnt from an audit says something else than the version whose proposal was audited, at least in the
    probability. So only its own proposals are left, of which it cannot have learnt.

    Args:
        now: what it says of each audited sample.
        asked: what was proposed of each; without a probability nobody knows whose proposal it was.
    """
    return {
        name: (label, score)
        for name, (label, score) in now.items()
        if (then := asked.get(name)) is not None
        and then[0] == label
        and then[1] is not None
        and abs(then[1] - score) <= _SAME_PROBABILITY
    }


def _is_taken(gate: Gate, score: float) -> bool:
    return gate.threshold is not None and score >= gate.threshold
