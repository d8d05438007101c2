"""The images that people answered, as the models of masks learn from them and are held against them.

What the answers of classes teach is in `data_engine.labeling.training`.
"""

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from data_engine.labeling.answers.counted import counted_answers
from data_engine.labeling.answers.object_answers import ObjectAnswers
from data_engine.labeling.answers.trap_records import trap_records


@dataclass(frozen=True)
class ReviewedImages:
    """The agreed answer of each image, by id, traps aside.

    Attributes:
        training: Images outside the hold-out.
        hold_out: Images ever drawn for the hold-out; nothing learns from them.
        audits: Images whose accepted proposal was audited.
        n_rounds: Review batches behind the answers.
    """

    training: dict[str, str]
    hold_out: dict[str, str]
    audits: dict[str, str]
    n_rounds: int

    @property
    def all(self) -> dict[str, str]:
        """Every answered image."""
        return {**self.training, **self.hold_out}


def reviewed_images(reviewed: pa.Table, class_names: tuple[str, ...]) -> ReviewedImages:
    """Args:
    reviewed: rows of `schemas.REVIEWED_LABELS`.
    class_names: the classes of the question.
    """
    kind, rows = ObjectAnswers(), counted_answers(reviewed)
    pooled = kind.pool(rows, class_names, embeddings_of={}, seed=0, traps=trap_records(reviewed, kind))
    agreed = dict(zip(pooled.sample_ids, pooled.answers, strict=True))
    asked_as = {
        purpose: {row["sample_id"] for row in rows if row["purpose"] == purpose} for purpose in ("hold_out", "audit")
    }
    held = asked_as["hold_out"]
    return ReviewedImages(
        training={key: answer for key, answer in agreed.items() if key not in held},
        hold_out={key: answer for key, answer in agreed.items() if key in held},
        audits={key: agreed[key] for key in sorted(asked_as["audit"] - held)},
        n_rounds=len({row["review_batch"] for row in rows}),
    )


def version_of(answers: dict[str, str]) -> str:
    """Fingerprint of images and their answers, in any order: 16 hex digits."""
    return hashlib.sha256(repr(sorted(answers.items())).encode()).hexdigest()[:16]
