"""Simulated annotators: labellers with a known share of errors, for demos, tests and benchmarks."""

import hashlib
from dataclasses import dataclass

from data_engine.errors import InvalidInput


@dataclass(frozen=True)
class SimulatedLabeller:
    """Answers from the truth, and errs at a known rate.

    Args:
        name: its name; two labellers of different names err on different samples.
        error_rate: share of its own answers that are wrong, uniformly among the other classes.
        seed: of all its decisions.
        anchoring: probability of accepting a wrong proposal instead of giving an answer of its own; 0 for a labeller
            that proposals do not sway.
    """

    name: str
    error_rate: float
    seed: int
    anchoring: float = 0.0

    def __post_init__(self) -> None:
        """Raises: InvalidInput for a rate outside [0, 1]."""
        for field in ("error_rate", "anchoring"):
            value = getattr(self, field)
            if not 0 <= value <= 1:
                raise InvalidInput(f"{field} is {value}; it is a share and must lie in [0, 1]")

    def answer(self, sample_id: str, true_class: int, n_classes: int, proposed: int | None = None) -> int:
        """The class number that this labeller answers; always the same for the same sample.

        Args:
            sample_id: the sample.
            true_class: its true class number.
            n_classes: number of possible answers, at least 2.
            proposed: the class number shown as a proposal, None when none was.

        Raises: InvalidInput for fewer than two classes or a class number out of range.
        """
        if n_classes < 2 or not 0 <= true_class < n_classes:
            raise InvalidInput(
                f"true_class is {true_class} of {n_classes} classes; give 0 .. n_classes - 1 and at least 2 classes"
            )
        if proposed is not None and proposed != true_class and self._draw(sample_id, "anchor") < self.anchoring:
            return proposed
        if self._draw(sample_id, "error") >= self.error_rate:
            return true_class
        other = int(self._draw(sample_id, "which") * (n_classes - 1))
        return other + (other >= true_class)

    def _draw(self, sample_id: str, purpose: str) -> float:
        """A number in [0, 1) that depends on nothing but the arguments, the name and the seed."""
        text = "\x00".join((str(self.seed), self.name, sample_id, purpose))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
