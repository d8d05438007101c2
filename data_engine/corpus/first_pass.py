"""The block `first_pass` of a corpus' YAML, and the blocks in it: limits and examples of the cheap filters.

The filters themselves are in `data_engine.filtering`.
"""

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from data_engine.modalities import find_modality
from data_engine.settings import Settings, Share, Similarity


class JunkExamples(Settings):
    """Examples of good and junk, from which a small classifier of quality learns: marked samples, or two places."""

    column: str | None = None
    """Metadata column that is true for junk."""
    batches: tuple[str, ...] = ()
    """Batches whose marks may be read; the marks of all other batches are never looked at."""
    good: str | None = None
    """Folder of text files, or a jsonl, csv or parquet file with the column of `source.text_column`; instead of
    `column` and `batches`."""
    junk: str | None = None
    """The same for junk."""
    keep_clean_share: float = Field(default=0.995, gt=0.5, lt=1)
    """The threshold is set so that this share of the good examples stays (cross-validated)."""

    @model_validator(mode="after")
    def _one_way(self) -> "JunkExamples":
        is_marked, is_placed = bool(self.column and self.batches), bool(self.good and self.junk)
        if is_marked == is_placed or bool(self.column) != is_marked or bool(self.good or self.junk) != is_placed:
            raise ValueError(
                "junk needs either column and batches (marked samples of the corpus) or good and junk (two places); "
                "give both of one kind and none of the other"
            )
        return self


class PageContent(Settings):
    """Where the classifier of lines learns which lines of a web page are content, and which are menus and footers."""

    examples: str
    """JSON Lines file (.gz, .bz2 and .xz are unpacked), one page a row, ten or more: its `text`, and as `content` the
    numbers of its lines that are content, counted from 1 (`{"text": "Home\\n\\nThe cat sat.", "content": [3]}`)."""


#: A limit, names, `on` (the published limit), or `off` and null.
RuleSetting = bool | float | tuple[str, ...] | None


def _with_rules(schema: dict[str, Any]) -> None:
    from data_engine.filtering.rules.registry import settings_schema

    schema.update(settings_schema())
    schema.pop("additionalProperties", None)


class FirstPass(Settings):
    """The cheap filters. A sample is judged by the first rule that rejects it."""

    former_names = {"near_duplicate_picture_similarity": "near_duplicate_image_similarity"}  # noqa: RUF012

    max_unreadable_share: Share = 0.05
    """Share of unreadable samples in a batch above which the batch is quarantined."""
    max_broken_files: int = Field(default=0, ge=0)
    """Files of rows and archives in a batch that may break off (a download cut short, a quote that is never closed) or
    give nothing before the batch is quarantined; what they lost is not in the corpus."""
    min_kept_share: Share = 0.2
    """Share of kept samples in a batch below which the batch is quarantined."""
    max_kept_share: Share = 1.0
    """Share of kept samples in a batch above which the batch is quarantined."""
    min_chars: int = Field(default=8, ge=0)
    """Shortest text, in characters after trimming."""
    max_chars: int = Field(default=100_000, ge=1)
    """Longest text, in characters after trimming."""
    min_letter_share: Share = 0.3
    """Least share of letters among the non-space characters."""
    near_duplicate_similarity: Similarity = 0.8
    """The smaller of the Jaccard similarities of words and of characters at and above which a later sample is a
    near-duplicate; short texts with other numbers never are. off: only exact copies are duplicates."""
    near_duplicate_image_similarity: Similarity = 0.97
    """The similarity of 32 x 32 pixels and of colours at and above which a later image is a near-duplicate; at
    0.97 no pixel differs by 8 of 255 shades. off: only exact copies are duplicates."""
    agreement_encoder: str | None = None
    """Of modality image_text: a model like CLIP, name or path, which embeds images and texts alike; the rule agreement
    holds the cosine of the two against its limit."""
    rules: dict[str, RuleSetting] = Field(default={}, json_schema_extra=_with_rules)
    """Limits of the named rules: a number, a list (`language: [en]`), `on` for the published limit, `off` or null.
    docs/rules.md lists them all."""
    rule_sets: tuple[str, ...] = ()
    """Published sets of limits to switch on together: gopher, c4, fineweb. What `rules` says counts before them."""
    junk: JunkExamples | None = None
    """Where the small classifier of junk learns; without it the rule is off."""
    page_content: PageContent | None = None
    """Pages whose content is known; they switch the rule content_share on, which rejects nothing until it is given a
    limit under `rules`."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "FirstPass":
        if self.min_chars > self.max_chars:
            raise ValueError(
                f"min_chars is {self.min_chars} but max_chars is {self.max_chars}; no text can be kept: lower min_chars"
            )
        if self.min_kept_share > self.max_kept_share:
            raise ValueError(
                f"min_kept_share is {self.min_kept_share} but max_kept_share is {self.max_kept_share}; "
                "no batch can pass: lower min_kept_share"
            )
        return self

    @model_validator(mode="after")
    def _agreement_has_an_encoder(self) -> "FirstPass":
        setting = self.rules.get("agreement")
        if setting not in (None, False) and self.agreement_encoder is None:
            raise ValueError(
                f"rule agreement is {setting} but agreement_encoder names no model that embeds images and texts alike; "
                "name one, or switch the rule off"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_what_only_pairs_have(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The settings; those of other corpora are what they were before pairs had one of their own."""
        values: dict[str, Any] = written(self)
        if self.agreement_encoder is None:
            values.pop("agreement_encoder", None)
        return values

    @property
    def rule_defaults(self) -> dict[str, float]:
        """Limits of rules that follow from other fields, by rule; every page reaches a content share of 0."""
        limits = {"too_short": self.min_chars, "too_long": self.max_chars, "few_letters": self.min_letter_share}
        return limits if self.page_content is None else {**limits, "content_share": 0.0}

    def similarity_of(self, modality: str) -> float | None:
        """The similarity of near-duplicates; None finds exact copies only."""
        similarity: float | None = getattr(self, find_modality(modality).similarity)
        return similarity
