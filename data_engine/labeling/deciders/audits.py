"""Blind audits of a route: a decider whose audited answers contradict its certificate is shut.

What it decided goes to people until its answers to the same samples, or its certificate, are others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.gate import binomial_interval

_SHUT = re.compile(
    r"(\w+) \(shut by its audits: (\d+) of (\d+) right, so at most ([\d.]+) of its answers, "
    r"below the promise of ([\d.]+)\)"
)


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

    It is shut by the upper end of the interval, not by the share itself: of a route that keeps its promise, few audits
    often find a share below it.

    Args:
        opinion: with the certified gate.
        said: its answer to audited samples that no decider before it is sure of, as a class, with its score.
        truths: the class that people gave without seeing it.
        confidence: that the interval covers the true precision, in (0, 1).
    """
    if opinion.gate.threshold is None:
        return opinion
    judged = [
        label == truths[name]
        for name, (label, score) in said.items()
        if name in truths and score >= opinion.gate.threshold
    ]
    n, n_right = len(judged), sum(judged)
    most = binomial_interval(n_right, n, confidence)[1]
    if most >= opinion.gate.target_precision:
        return opinion
    said_why = (
        f"shut by its audits: {n_right} of {n} right, so at most {most:.3f} of its answers, below the promise of "
        f"{opinion.gate.target_precision:g}"
    )
    return replace(opinion, shut=said_why)
