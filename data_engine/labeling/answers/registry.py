"""The kinds of answers by name; this is the only list of them.

What a kind has to be able to do is in `kind.py`.
"""

from collections.abc import Iterable

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS, ClassAnswers
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.object_answers import ObjectAnswers
from data_engine.labeling.answers.object_forms import OBJECTS

ANSWER_KINDS: dict[str, AnswerKind] = {CLASS: ClassAnswers(), OBJECTS: ObjectAnswers()}
"""All kinds. Adding one adds its file and an entry here; every one of them passes the same contract test."""

ASKED_KINDS = (CLASS, OBJECTS)
"""The kinds that `labels.kind` may name; of any other, answers are checked, compared, pooled and exported."""


def answer_kind(name: str) -> AnswerKind:
    """The kind of this name.

    Raises: InvalidInput listing the kinds that there are.
    """
    if name not in ANSWER_KINDS:
        raise InvalidInput(
            f"kind of answer is {name!r}, which does not exist; use one of {', '.join(ANSWER_KINDS)}, or the version "
            "of data-engine that wrote it"
        )
    return ANSWER_KINDS[name]


def kind_of(names: Iterable[str]) -> AnswerKind:
    """The one kind of several answers; of the class where there are none.

    Raises: InvalidInput when they are of several kinds, or of an unknown one.
    """
    found = sorted(set(names)) or [CLASS]
    if len(found) > 1:
        raise InvalidInput(
            f"answers are of the kinds {' and '.join(found)}, and a corpus has one question of one kind; give each "
            "question a corpus of its own"
        )
    return answer_kind(found[0])


def shown_answers(rows: pa.Table) -> pa.Array:
    """The answers of a table with `kind` and `answer`, each in a few words."""
    pairs = zip(rows["kind"].to_pylist(), rows["answer"].to_pylist(), strict=True)
    return pa.array([answer_kind(kind).shown(answer) for kind, answer in pairs], pa.string())
