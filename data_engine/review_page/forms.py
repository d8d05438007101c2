"""What requests may hold: every field with its bounds, and none besides; whose answer it is, is never among them.

The routes that take them are in `task_routes.py`, `mask_routes.py`, `batch_routes.py` and `people_routes.py`.
"""

from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from data_engine.review.people.person_queue import MOST_HELD


def without_nul(text: str) -> str:
    """The text, which no database refuses. Raises: ValueError."""
    if "\x00" in text:
        raise ValueError("a text holds no NUL")
    return text


_Id = StringConstraints(pattern=r"^[0-9a-f]{1,64}$")
_Name = StringConstraints(min_length=1, max_length=300)

HexId = Annotated[str, _Id]
IdOfPath = Annotated[str, Path(pattern=r"^[0-9a-f]{1,64}$")]
ShortText = Annotated[str, _Name, AfterValidator(without_nul)]
NameOfPath = Annotated[str, Path(min_length=1, max_length=300), AfterValidator(without_nul)]
LongText = Annotated[str, StringConstraints(max_length=2000), AfterValidator(without_nul)]


_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Place = tuple[_Finite, _Finite]


class PageForm(BaseModel):
    """A body of which every field is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NextForm(PageForm):
    """The next tasks of a corpus, or of one of its batches, beside those that are held."""

    corpus: ShortText
    batch: ShortText | None = None
    proposed: ShortText | None = None
    holding: tuple[HexId, ...] = Field(default=(), max_length=MOST_HELD)
    n: int = Field(default=1, ge=1, le=MOST_HELD)


class AnswerForm(PageForm):
    """An answer: a class as `label`, or any kind as `answer`."""

    lease_id: HexId
    submission_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
    label: ShortText | None = None
    answer: dict[str, Any] | None = None
    comment: LongText | None = None
    active_s: float | None = Field(default=None, ge=0, le=86_400, allow_inf_nan=False)


class CorrectionForm(PageForm):
    """Another answer in the place of one's own."""

    label: ShortText | None = None
    answer: dict[str, Any] | None = None
    comment: LongText | None = None


class DraftForm(PageForm):
    """What somebody has begun to answer; nothing in it takes an earlier draft away."""

    label: ShortText | None = None
    answer: dict[str, Any] | None = None
    comment: LongText | None = None


class MaskForm(PageForm):
    """What a mask is predicted from, in pixels of the image; see `MaskPrompt`. Of an object only the latest counts."""

    object_number: int = Field(default=0, ge=0, le=100_000)
    extreme_points: list[_Place] = Field(max_length=16)
    clicks: list[tuple[_Finite, _Finite, StrictBool]] = Field(default=[], max_length=200)
    previous: dict[str, Any] | list[list[_Place]] | None = None
    n_new_clicks: int = Field(default=1, ge=1, le=200)


class DecisionForm(PageForm):
    """What a reviewer decides about a disputed sample: a class as `label`, or any kind as `answer`."""

    sample_id: ShortText
    label: ShortText | None = None
    answer: dict[str, Any] | None = None


class AskForm(PageForm):
    """A review batch that is to be opened, of so many tasks beside those that the hold-out lacks."""

    corpus: ShortText
    n_queries: int = Field(ge=1, le=10_000)


class EndForm(PageForm):
    """Why a batch ends before it is answered."""

    reason: ShortText
