"""What a kind of answer has to be able to do, whatever an answer of it is: a class, masks of objects, a text.

Each kind is a file beside this one; `registry.py` has them by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.labeling.inputs import EmbeddingsOf, Floats

TrapRecords = Mapping[str, tuple[int, int]]
"""By annotator, traps caught and traps missed; see `trap_records.py`."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """One agreed answer per answered sample, in the order of `sample_ids` (ascending).

    `answers` (n,) canonical texts, `posteriors` (n,) the probability of each, `given` the table rows behind each.
    """

    sample_ids: tuple[str, ...]
    answers: tuple[str, ...]
    posteriors: NDArray[np.float64]
    given: tuple[tuple[Mapping[str, Any], ...], ...]


class AnswerKind(Protocol):
    """A kind of answer. Answers are texts: JSON in the canonical form of `schemas.answer_text`, as `validate` gives it.

    Everything that depends on what an answer is goes through these methods: agreement, consensus, the gate, traps and
    exports.
    """

    @property
    def name(self) -> str:
        """The name in the column `kind` and in the YAML."""

    def check_classes(self, classes: Sequence[str]) -> None:
        """Refuse classes that a question of this kind cannot be asked with.

        Raises: InvalidInput naming the classes.
        """

    def validate(self, answer: object, classes: Sequence[str], *, of: str) -> str:
        """The answer in canonical form.

        Args:
            answer: A JSON object, or its text.
            classes: The classes of the question.
            of: Whose classes these are, as an error says it: `batch 'b1'`.

        Raises: InvalidInput for what is no answer of this kind; UnknownLabel for a class that is not in the question.
        """

    def check_place(self, answer: str, payload: Mapping[str, Any]) -> None:
        """Refuse an answer that cannot be about the sample that a task shows.

        Args:
            answer: In canonical form.
            payload: What the task shows.

        Raises: InvalidInput.
        """

    def from_label(self, label: str) -> str:
        """The answer that is this class, not compared with any question.

        Raises: InvalidInput where a class alone is no answer of this kind.
        """

    def label_of(self, answer: str) -> str | None:
        """The class that the answer is, which the columns `label` show; None where it is more than a class."""

    def shown(self, answer: str) -> str:
        """The answer in a few words, for people."""

    def is_same(self, one: str, other: str) -> bool:
        """Whether two answers say the same, up to what people cannot be asked to be exact about."""

    def is_right(self, proposed: str, truth: str) -> bool:
        """Whether a proposal would have done in the place of the truth: the event whose share the gate certifies."""

    def agreement(self, given: Sequence[Mapping[str, str]]) -> float:
        """How far annotators agree beyond chance, over samples that at least two of them answered.

        Args:
            given: For each sample, answers by annotator.

        Returns: 1 for full agreement, 0 for chance, negative below chance.
        Raises: NotEnoughData when no sample has two answers.
        """

    def pool(
        self,
        rows: Sequence[Mapping[str, Any]],
        classes: Sequence[str],
        *,
        embeddings_of: EmbeddingsOf,
        seed: int,
        traps: TrapRecords | None = None,
    ) -> Pooled:
        """One agreed answer per sample: what a reviewer decided, where one did; else what the kind makes of them.

        Args:
            rows: Rows of `schemas.REVIEWED_LABELS` as `counted_answers` returns them.
            classes: The classes of the question.
            embeddings_of: Ids to unit rows, for a second opinion that did not learn from these answers.
            seed: Of everything random.
            traps: How annotators did at traps, so that answers count less of those who miss them.

        Raises: UnknownLabel for answers outside the classes.
        """

    def qualities(
        self, answers: Sequence[str], classes: Sequence[str], embeddings: Floats, *, seed: int
    ) -> NDArray[np.float64]:
        """How credible each answer is beside the others: (n,) in [0, 1], lower is worse; 0.5 where nobody can say.

        Args:
            answers: n canonical answers.
            classes: The classes of the question.
            embeddings: (n, dim) unit rows of their samples.
            seed: Of everything random.
        """

    def wrong_answer(
        self, answer: str, classes: Sequence[str], *, probabilities: NDArray[Any] | None, draw: int
    ) -> str:
        """A wrong answer that a trap can propose: as credible as possible.

        Args:
            answer: The known answer of the sample.
            classes: The classes of the question.
            probabilities: (n_classes,) what the classifier says of the sample; None before there is one.
            draw: A large number that decides where nothing else does; the same draw gives the same answer.
        """

    def exported(self, answers: Sequence[str]) -> dict[str, pa.Array]:
        """The columns, by name, in which a release shows the answers; each of the length of the answers."""
