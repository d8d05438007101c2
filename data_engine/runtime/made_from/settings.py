"""The settings that steps used, as they stand beside their tables: what a card or a report may say of them.

The encoder of the vectors is in `encoders.py`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from data_engine.corpus import Corpus
from data_engine.errors import ChecksFailed, DataEngineError
from data_engine.runtime.plan import MADE_STEPS, partition_column
from data_engine.settings import Settings

if TYPE_CHECKING:
    from data_engine.runtime.versions import StepVersion


CLASSES_FILE = "classes_file"


def settings_used(corpus: Corpus, names: Sequence[str]) -> dict[str, Any]:
    """Blocks and fields of a corpus that a step depends on, as JSON values without secrets.

    Args:
        corpus: For what a step writes, with the settings of this run alone.
        names: As the plan names them: blocks, and single fields of others (`tree.n_resamples`).

    Returns: their values by these names. Of the block `labels` the classes are always listed; the file that they stand
        in, if they do, is `classes_file`. Of several questions their blocks stand there by name.
    """
    shown = corpus.shown()
    used: dict[str, Any] = {}
    for name in names:
        block, _, field = name.partition(".")
        if block in shown:
            used[name] = shown[block][field] if field else shown[block]
    if "labels" in used and corpus.questions:
        used["labels"] = {block["name"]: {**block, "name": None} for block in used["labels"]}
    elif "labels" in used:
        if isinstance(corpus.labels.classes, str):
            used[CLASSES_FILE] = corpus.labels.classes
        # Without the file of classes there is an error of its own, as soon as a step needs them.
        with suppress(DataEngineError):
            used["labels"] = {**used["labels"], "classes": list(corpus.class_names)}
    return used


class KnownVersions(Protocol):
    """What the checks say of the versions of steps, and which versions there were."""

    def latest(self, step: str, batch: str) -> "StepVersion | None":
        """The last version of a partition, judged or not."""

    def require(self, step: str, batch: str) -> "StepVersion":
        """The last version of a partition, which has to be accepted."""

    def accepted(self, step: str) -> "Mapping[str, StepVersion]":
        """The accepted version of every partition that has one."""

    def version_at(self, step: str, batch: str, table_version: int) -> "StepVersion | None":
        """The version of a partition that was written at a version of its table; None where it is not known."""


#: What each step with its partition was made with; of a step without partitions the partition is empty.
Used = Mapping[str, Mapping[str, Mapping[str, Any]]]

#: The step whose settings a block of the YAML is taken from.
_BLOCKS = {
    "modality": "raw_index",
    "source": "raw_index",
    "batches": "raw_index",
    "first_pass": "first_pass",
    "drift": "drift_report",
    "encoder": "cluster_tree",
    "encoder_version": "cluster_tree",
    "tree": "cluster_tree",
    "seed": "cluster_tree",
    "subset": "balanced_subset",
    "foundation_model": "proposals",
    "known_label_column": "quality_report",
    "known_label_pattern": "quality_report",
}
#: Of the block `labels`: who decided by them.
_OF_LABELS = {
    "confidence": "classifier",
    "target_precision": "classifier",
    "class_names_as_examples": "classifier",
    "model": "classifier",
    "propose_with": "classifier",
    "strategy": "proposals",
    "deciders": "proposals",
}


def used_by_steps(gate: KnownVersions, as_of: str) -> Used:
    """What the accepted versions of all steps were made with.

    Args:
        gate: Gives the versions.
        as_of: A step without partitions, or empty: of those without partitions that it read, the versions that it read.
    """
    reader = gate.latest(as_of, "") if as_of else None
    found = {}
    for step in MADE_STEPS:
        versions: Mapping[str, StepVersion] = gate.accepted(step)
        read = None if reader is None or partition_column(step) else reader.version_of(step)
        known = None if read is None else gate.version_at(step, "", read)
        if known is not None:
            versions = {"": known}
        found[step] = {batch: version.made_with for batch, version in versions.items() if version.made_with}
    return found


def refuse_other_rows(gate: KnownVersions, reader: str, tables: Sequence[str], *, before: str) -> None:
    """Stop where a step was made of other rows of tables without partitions than those that are read now.

    Raises: ChecksFailed naming both steps and the remedy.
    """
    made = gate.require(reader, "")
    for table in tables:
        read = made.version_of(table)
        then = None if read is None else gate.version_at(table, "", read)
        if then is not None and then.data_version != gate.require(table, "").data_version:
            raise ChecksFailed(
                f"{reader} was made of other rows of {table} than there are now; materialize {reader} first, then "
                f"{before}"
            )


def configuration_used(used: Used, now: Corpus) -> dict[str, Any]:
    """The description of a corpus as its tables were made with it, as JSON values without secrets.

    What batches were read or judged with stands below `by_batch` where it is not the same for all. Blocks that no
    table was made with, or whose tables an earlier engine wrote, are left out.

    Args:
        used: What each step and partition was made with.
        now: Gives the name, and the block `release`, which belongs to the release that is made now.
    """
    found: dict[str, Any] = {"name": now.name, "release": now.shown()["release"]}
    for block, step in _BLOCKS.items():
        values = values_used(used, step, block)
        if values:
            is_same = all(value == values[0][1] for _, value in values)
            found[block] = values[0][1] if is_same else {"by_batch": dict(values)}
    labels = values_used(used, "labels", "labels")
    if labels:
        deciding = {
            name: block[name]
            for name, step in _OF_LABELS.items()
            for _, block in values_used(used, step, "labels")
            if name in block
        }
        found["labels"] = {**labels[0][1], **deciding}
    return found


def values_used(used: Used, step: str, block: str) -> list[tuple[str, Any]]:
    """What the partitions of a step used as a block, by partition, in order."""
    return [(batch, made[block]) for batch, made in sorted(used.get(step, {}).items()) if block in made]


def corpus_used(configuration: Mapping[str, Any], now: Corpus) -> Corpus:
    """A corpus with the blocks that its tables were made with in the place of those of now.

    Args:
        configuration: As `configuration_used` gives it.
        now: What the configuration does not say stays as it is here; so does `source`, whose secrets it lacks.
    """
    blocks: dict[str, Any] = {}
    for name, value in configuration.items():
        if name in ("name", "release", "source") or name not in type(now).model_fields:
            continue
        if isinstance(value, Mapping) and ("by_batch" in value or getattr(now, name) is None):
            continue
        block = type(getattr(now, name))
        # Settings of an earlier engine may have other fields; its steps run anew before anything else.
        with suppress(ValidationError):
            blocks[name] = block.model_validate(value) if issubclass(block, Settings) else value
    used = now.model_copy(update=blocks)
    # What a corpus has worked out of its classes is copied with it.
    used.__dict__.pop("_class_finder", None)
    return used
