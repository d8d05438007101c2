"""Corpus: the frozen, validated description of a corpus, as its YAML file gives it.

Nothing here knows Dagster or reads data. Every field says its unit and its bounds, because the schema is what
`dg check yaml`, the Launchpad and the docs show.
"""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from data_engine.curation import Subset, Tree
from data_engine.errors import SourceMissing
from data_engine.source import Batches, Described, Similarity, Source

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class JunkExamples(Described):
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


#: A limit, names, `on` (the published limit), or `off` and null.
RuleSetting = bool | float | tuple[str, ...] | None


def _with_rules(schema: dict[str, Any]) -> None:
    from data_engine.filtering.rules import settings_schema

    schema.update(settings_schema())
    schema.pop("additionalProperties", None)


def _with_names_of_modality(schema: dict[str, Any]) -> None:
    """What can be named depends on the modality; the rule perplexity and the classifier of junk learn from texts."""
    from data_engine.filtering.rules import names_schema

    texts = {"properties": names_schema("text"), **_PERPLEXITY_NEEDS_EXAMPLES}
    pictures = {"properties": {**names_schema("image"), "junk": {"type": "null"}}}
    schema["if"] = {"properties": {"modality": {"const": "image"}}, "required": ["modality"]}
    schema["then"] = {"properties": {"first_pass": pictures}}
    schema["else"] = {"properties": {"first_pass": texts}}


_PERPLEXITY_NEEDS_EXAMPLES = {
    "if": {
        "required": ["rules"],
        "properties": {"rules": {"required": ["perplexity"], "properties": {"perplexity": {"type": "number"}}}},
    },
    "then": {"required": ["junk"]},
}


class FirstPass(Described):
    """The cheap filters. A sample is judged by the first rule that rejects it."""

    max_unreadable_share: Share = 0.05
    """Share of unreadable samples in a batch above which the batch is quarantined."""
    max_broken_files: int = Field(default=0, ge=0)
    """Files of rows and archives in a batch that may break off (a download cut short, a quote that is never closed)
    before the batch is quarantined; what they lost is not in the corpus."""
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
    near_duplicate_picture_similarity: Similarity = 0.97
    """The similarity of 32 x 32 pixels and of colours at and above which a later picture is a near-duplicate; at
    0.97 no pixel differs by 8 of 255 shades. off: only exact copies are duplicates."""
    rules: dict[str, RuleSetting] = Field(default={}, json_schema_extra=_with_rules)
    """Limits of the named rules: a number, a list (`language: [en]`), `on` for the published limit, `off` or null.
    docs/rules.md lists them all."""
    rule_sets: tuple[str, ...] = ()
    """Published sets of limits to switch on together: gopher, c4, fineweb. What `rules` says counts before them."""
    junk: JunkExamples | None = None
    """Where the small classifier of junk learns; without it the rule is off."""

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


class Labels(Described):
    """The question that is asked of every sample of the subset."""

    question: str
    """The question as an annotator reads it."""
    classes: tuple[str, ...] | str
    """The possible answers: a list, or the name of a text file beside the YAML file with one class per line."""
    out_of_scope: str | None = None
    """The class that means that the sample does not belong here; such samples are labelled and not released."""
    other: str | None = None
    """The class for known labels that are not among the classes."""
    strategy: Literal["random", "margin", "entropy", "least_confidence", "hybrid"] = "hybrid"
    """How the samples of a query batch are chosen."""
    target_precision: float = Field(default=0.95, gt=0.5, lt=1)
    """Precision that labels accepted without a person must reach."""
    confidence: float = Field(default=0.9, gt=0.5, lt=1)
    """Confidence of the gate's lower bound."""
    hold_out_size: int = Field(default=300, ge=50)
    """Random samples that are labelled and never trained on."""
    query_batch_size: int = Field(default=200, ge=1)
    """Samples chosen by the query strategy each round; a random control batch of equal size goes with it."""
    rounds: int = Field(default=3, ge=0, le=100)
    """Rounds that a one-command run plays when simulated annotators answer."""
    audit_share: Share = 0.05
    """Share of what the gate would accept that goes to blind review each round."""
    trap_share: Share = 0.02
    """Known-wrong proposals among the tasks, as a share of the query batch."""
    audit_max_age_days: int = Field(default=30, ge=1)
    """The gate shuts when the youngest hold-out or audit answer is older than this."""

    @field_validator("classes")
    @classmethod
    def _at_least_two(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        if isinstance(value, tuple):
            if len(value) < 2:
                raise ValueError(f"classes has {len(value)} entries; a question needs at least 2 possible answers")
            twice = sorted({name for name in value if value.count(name) > 1})
            if twice:
                raise ValueError(f"classes names {twice} more than once; keep each class once")
        return value


class SimulatedAnnotator(Described):
    """Answers in the place of a person, from a column that holds the truth; marked `simulated` everywhere."""

    name: Name
    """Its name in the queue; stored as `simulated:<name>`."""
    error_rate: Share = 0.05
    """Share of its answers that are wrong, at random among the other classes."""


class Review(Described):
    """When people are asked."""

    answers_per_task: int = Field(default=1, ge=1, le=9)
    """Different annotators per task."""
    open_at_mean_uncertainty: Share = 0.3
    """A review batch opens when the mean uncertainty of the proposals crosses this."""
    open_at_uncertain_share: Share = 0.3
    """... or when the share of proposals above `uncertain_above` crosses this."""
    uncertain_above: Share = 0.5
    """A proposal with at least this uncertainty counts as uncertain."""
    max_open_tasks: int = Field(default=2000, ge=1)
    """No new review batch opens while this many tasks wait."""
    min_trap_catch_rate: Share = 0.6
    """Share of the traps an answered batch must catch, else its labels are held back."""
    simulated: tuple[SimulatedAnnotator, ...] = ()
    """Simulated annotators for demos and tests; leave empty where people answer."""


class Drift(Described):
    """When a batch counts as drifted."""

    alarm_p: float = Field(default=0.01, gt=0, lt=1)
    """A batch whose p-value is below this raises the alarm and launches the retraining job."""
    min_samples: int = Field(default=300, ge=1)
    """Below this many samples the answer is `not enough data`."""


class Release(Described):
    """What the data card says."""

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
    pictures: bool = True
    """Whether a release of pictures holds them, as they are at the source; without them its rows have their uris."""


class Corpus(Described):
    """A named pool of raw data with its own configuration and asset graph."""

    model_config = ConfigDict(json_schema_extra=_with_names_of_modality)

    name: Name
    """Lower case letters, digits and underscores; the first part of every asset key."""
    modality: Literal["text", "image"] = "text"
    """What a sample is."""
    source: Source
    batches: Batches = Batches()
    first_pass: FirstPass = FirstPass()
    encoder: str = "all-MiniLM-L6-v2"
    """Name or path of an encoder, see `data_engine.embedding.load_encoder`. For texts all-MiniLM-L6-v2 is the
    default, for pictures efficientnet-lite0; both come with the demo's packages."""
    max_failed_share: Share = 0.01
    """Share of the kept samples of a batch that the encoder may fail on; above it the batch is held back."""
    tree: Tree = Tree()
    subset: Subset
    labels: Labels
    review: Review = Review()
    drift: Drift = Drift()
    release: Release = Release()
    known_label_column: str | None = None
    """Metadata column with labels known beforehand: for evaluation and simulated annotators only, never trained on."""
    known_label_pattern: str | None = None
    """Regular expression on the whole known label; its first group is the class. Labels that it does not match, and
    classes outside the list, count as `labels.other`. Without it the known label itself is the class."""
    folder: str = Field(default="", exclude=True)
    """Folder of the YAML file; filled in by the loader."""
    seed: int = Field(default=0, ge=0)
    """The one seed from which every other is derived."""

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_pictures(cls, value: Any) -> Any:
        """Pictures have another encoder than texts, and are larger."""
        if not isinstance(value, dict) or value.get("modality") != "image":
            return value
        source = value.get("source")
        if isinstance(source, dict):
            source = {"max_sample_bytes": 20_000_000, **source}
        return {"encoder": "efficientnet-lite0", **value, "source": source}

    @model_validator(mode="after")
    def _rules_are_known(self) -> "Corpus":
        if self.first_pass.rules or self.first_pass.rule_sets:
            from data_engine.filtering.rules import check_settings

            check_settings(self.first_pass.rules, self.first_pass.rule_sets, self.modality)
        return self

    @model_validator(mode="after")
    def _junk_is_of_texts(self) -> "Corpus":
        if self.is_of_pictures and self.first_pass.junk is not None:
            raise ValueError(
                "first_pass.junk learns from texts but modality is image; remove first_pass.junk and give limits to "
                "the rules of pictures (docs/rules.md)"
            )
        return self

    @model_validator(mode="after")
    def _perplexity_needs_examples(self) -> "Corpus":
        setting = self.first_pass.rules.get("perplexity")
        if setting not in (None, False) and self.first_pass.junk is None:
            raise ValueError(
                f"rule perplexity is {setting} but first_pass.junk names no examples of good text for its model to "
                "learn from; give them, or switch the rule off"
            )
        return self

    @model_validator(mode="after")
    def _method_fits_the_tree(self) -> "Corpus":
        if self.subset.method == "hierarchical" and self.tree.n_resamples:
            raise ValueError(
                f"subset.method is hierarchical but tree.n_resamples is {self.tree.n_resamples}; choose from that tree "
                "by the method hierarchical_resampled, or remove n_resamples"
            )
        return self

    @model_validator(mode="after")
    def _simulation_needs_truth(self) -> "Corpus":
        if self.review.simulated and self.known_label_column is None:
            raise ValueError(
                "review.simulated needs the truth to answer from; set known_label_column or remove review.simulated"
            )
        return self

    @field_validator("known_label_pattern")
    @classmethod
    def _has_one_group(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                n_groups = re.compile(value).groups
            except re.error as error:
                raise ValueError(
                    f"known_label_pattern {value!r} is no regular expression ({error}); mend it"
                ) from error
            if n_groups < 1:
                raise ValueError(f"known_label_pattern {value!r} has no group; put parentheses around the class")
        return value

    @property
    def class_names(self) -> tuple[str, ...]:
        """The possible labels, in a fixed order.

        Raises: SourceMissing when the file that `classes` names is not beside the YAML file.
        """
        if isinstance(self.labels.classes, tuple):
            return self.labels.classes
        path = Path(self.folder) / self.labels.classes
        if not path.is_file():
            raise SourceMissing(
                f"labels.classes names the file {self.labels.classes!r}, which is not beside the YAML file in "
                f"{self.folder or 'the current folder'}; create it with one class per line, or give a list"
            )
        return tuple(dict.fromkeys(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()))

    def known_class(self, known_label: str | None) -> str | None:
        """The class of a label known beforehand: itself, `other` for one outside the classes, out of scope for none."""
        if not known_label:
            return self.labels.out_of_scope
        name: str | None = known_label
        if self.known_label_pattern is not None:
            match = re.fullmatch(self.known_label_pattern, known_label)
            name = match.group(1) if match else None
        return name if name in self._class_set else self.labels.other

    @cached_property
    def _class_set(self) -> frozenset[str]:
        return frozenset(self.class_names)

    @property
    def is_of_pictures(self) -> bool:
        """Whether its samples are pictures."""
        return self.modality == "image"

    def seed_for(self, *purpose: str | int) -> int:
        """A seed for one purpose, derived from the corpus' seed; the same purpose gives the same seed."""
        text = ":".join(map(str, (self.seed, *purpose)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
