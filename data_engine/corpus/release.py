"""The block `release` of a corpus' YAML: what a release holds and what its data card says.

Releases are written by `data_engine.releasing`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from data_engine.settings import OneOf, Settings

_BOTH = ("parquet", "jsonl")


def _formats() -> Mapping[str, str]:
    from data_engine.release_formats.registry import FORMATS

    return {name: each.meaning for name, each in FORMATS.items()}


class Splits(Settings):
    """Shares of the splits of a release. Clusters and near duplicates are never in two of them; of satellite scenes,
    whose neighbours look alike, tiles that lie together."""

    train: float = Field(0.8, gt=0, lt=1)
    """Share for training."""
    validation: float = Field(0.1, ge=0, lt=1)
    """Share for choosing between models; 0 for none."""
    test: float = Field(0.1, ge=0, lt=1)
    """Share for the last judgement; 0 for none."""
    least_cosine: float = Field(0.95, gt=0, le=1)
    """Cosine of the embeddings at and above which two samples are near duplicates and stay on one side; of tiles of
    scenes, those in two splits are counted."""
    ground_block_km: Annotated[float, Field(gt=0)] | None = Field(None, exclude_if=lambda value: value is None)
    """Of tiles of scenes: side of the blocks of ground that stay on one side, in km. Without it tiles that overlap or
    touch do, and all that hang together in this way."""

    @model_validator(mode="after")
    def _one_in_all(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test are {total:g} in all; they must be 1: change one of them")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The share of every split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class Release(Settings):
    """Contents of a release and of its data card."""

    former_names = {"pictures": "images"}  # noqa: RUF012

    title: str = ""
    """Title of the data card; the corpus' name when empty."""
    description: str = ""
    """What the data is, for the data card."""
    licence: str = "unknown"
    """Licence of the content."""
    attribution: str = ""
    """Whom the licence asks to name."""
    pii: Literal["keep", "mask"] = "keep"
    """mask: e-mail addresses, phone numbers and keys in the released texts become `<email>`, `<phone>` and `<secret>`.
    The sample keeps its id, the hash of the raw content; the ledger says what was masked."""
    images: bool = True
    """Whether a release of images holds them, as they are at the source; without them its rows have their uris."""
    formats: tuple[Annotated[str, OneOf("A format.", _formats)], ...] = Field(
        default=_BOTH,
        # A manifest that keeps the configuration is the same as before there was a choice.
        exclude_if=lambda value: tuple(value) == _BOTH,
        json_schema_extra={"minItems": 1, "uniqueItems": True},
    )
    """The formats of the data, a file each; the data card says how to load the first. parquet and jsonl are both
    written by default."""

    splits: Splits | None = Field(default=None, exclude_if=lambda value: value is None)
    """Splits for training, validation and test in the column `split`; without the block there are none."""

    @field_validator("formats")
    @classmethod
    def _at_least_one_and_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError(f"formats is {list(value)}; name at least one format, and each only once")
        return value
