"""CorpusRuntime: what every step of one corpus works on - names, partitions, tables, the review queue, versions."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_engine.corpus import Corpus
from data_engine.orchestration.automation.conditions import condition_for
from data_engine.runtime.code_fingerprint import code_fingerprint
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from upath import UPath

    from data_engine.review import ReviewQueue
    from data_engine.storage import TableStore

#: What a step's result depends on besides its inputs: the packages whose code computes it, and the parts of the
#: corpus' description that it reads. The portraits of clusters are not among those of the tree: another way to name
#: clusters is no reason to build, and label, another tree.
DEPENDS_ON: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "raw_index": (("indexing", "images"), ("modality", "source", "batches")),
    "first_pass": (
        (
            "filtering",
            "duplicates/texts",
            "duplicates/images",
            "images",
            "runtime/junk_examples.py",
            "runtime/page_examples.py",
        ),
        ("first_pass", "modality", "seed"),
    ),
    "embeddings": (("embedding", "images"), ("encoder", "modality")),
    "drift_report": (("drift.py",), ("drift",)),
    # Vectors of another encoder need another tree and another classifier.
    "cluster_tree": (("clustering", "embedding"), ("tree", "seed", "encoder")),
    "balanced_subset": (
        ("sampling", "duplicates/semantic.py", "runtime/subset_selection.py", "runtime/semantic_pool.py"),
        ("subset", "seed"),
    ),
    "reviewed_labels": (("review",), ()),
    "classifier": (("labeling", "embedding"), ("labels", "seed", "encoder")),
    "proposals": (("labeling",), ("labels", "seed")),
    "labels": (("labeling",), ("labels", "seed")),
    "quality_report": (("reporting",), ("known_label_column", "labels", "subset", "tree")),
    "release": (("releasing", "filtering/rules/personal_data.py"), ("release", "labels")),
}


def in_order(seconds: Mapping[str, float]) -> dict[str, float]:
    """The same seconds in the order of the steps; what is no step comes last."""
    place = {step: number for number, step in enumerate(DEPENDS_ON)}
    return dict(sorted(seconds.items(), key=lambda item: place.get(item[0], len(place))))


@dataclass(frozen=True)
class CorpusRuntime:
    """One corpus at work.

    Attributes:
        corpus: Its description.
        project_folder: Folder that relative paths start from.
    """

    corpus: Corpus
    project_folder: Path

    def key(self, *parts: str) -> dg.AssetKey:
        """The asset key `corpus/step`."""
        return dg.AssetKey([self.corpus.name, *parts])

    def name(self, purpose: str) -> str:
        """The name of a job, sensor or schedule of this corpus."""
        return f"{self.corpus.name}_{purpose}"

    @property
    def batches(self) -> dg.DynamicPartitionsDefinition:
        """The ingestion batches."""
        return dg.DynamicPartitionsDefinition(name=f"{self.corpus.name}_batches")

    @property
    def review_batches(self) -> dg.DynamicPartitionsDefinition:
        """The answered review batches."""
        return dg.DynamicPartitionsDefinition(name=f"{self.corpus.name}_review_batches")

    def partitions_of(self, step: str) -> dg.DynamicPartitionsDefinition | None:
        """The partitions of a step, or None."""
        if step in ("raw_index", "first_pass", "embeddings", "drift_report"):
            return self.batches
        return self.review_batches if step == "reviewed_labels" else None

    @property
    def data_folder(self) -> Path:
        """Where tables, reports and releases of all corpora are; `DATA_ENGINE_DATA` overrides it."""
        return Path(os.environ.get("DATA_ENGINE_DATA") or self.project_folder / "data")

    @property
    def corpus_folder(self) -> Path:
        """Where everything of this corpus is."""
        return self.data_folder / self.corpus.name

    @property
    def source_folder(self) -> "Path | UPath":
        """Where the raw samples are: a path or a URL."""
        return self.corpus.source.resolve(self.project_folder)

    def store(self) -> "TableStore":
        """The tables of this corpus."""
        from data_engine.storage import TableStore

        return TableStore(self.data_folder, self.corpus.name)

    def queue(self) -> "ReviewQueue":
        """The review queue of all corpora; `DATA_ENGINE_REVIEW_URL` overrides where it is."""
        from data_engine.review import ReviewQueue

        return ReviewQueue(os.environ.get("DATA_ENGINE_REVIEW_URL") or f"sqlite:///{self.data_folder / 'review.db'}")

    def code_version(self, step: str) -> str:
        """Fingerprint of the code and the configuration that a step's result depends on."""
        sources, sections = DEPENDS_ON[step]
        described = self.corpus.model_dump(mode="json", include=set(sections))
        digest = hashlib.sha256(repr(sorted(described.items())).encode())
        for source in (*sources, f"runtime/steps/{step}.py"):
            digest.update(code_fingerprint(source).encode())
        return digest.hexdigest()[:12]

    @cached_property
    def rules_version(self) -> str:
        """Fingerprint of what the checks are held against: the corpus' limits and the code of the suites."""
        limits = self.corpus.model_dump(
            mode="json", include={"first_pass", "max_failed_share", "review", "labels", "subset"}
        )
        return fingerprint([sorted(limits.items()), code_fingerprint("quality")])

    def asset(
        self,
        step: str,
        *,
        description: str,
        deps: Sequence[str] = (),
        kinds: Sequence[str] = (),
        pool: str | None = None,
    ) -> dict[str, Any]:
        """The keyword arguments that every step gives to `dg.asset`."""
        partitions = self.partitions_of(step)
        return {
            "key": self.key(step),
            "group_name": self.corpus.name,
            "description": description,
            "partitions_def": partitions,
            "deps": [self._dep(upstream, partitions) for upstream in deps],
            "code_version": self.code_version(step),
            "automation_condition": condition_for(step),
            "metadata": {"dagster/column_schema": _column_schema(step)},
            "kinds": set(kinds),
            "pool": pool,
        }

    def _dep(self, upstream: str, partitions: dg.PartitionsDefinition | None) -> dg.AssetDep:
        if partitions is None and self.partitions_of(upstream) is not None:
            return dg.AssetDep(self.key(upstream), partition_mapping=dg.AllPartitionMapping())
        return dg.AssetDep(self.key(upstream))


def _column_schema(step: str) -> dg.TableSchema:
    from data_engine.schemas import SCHEMAS

    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.name,
                type=str(field.type),
                description=(field.metadata or {}).get(b"description", b"").decode(),
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in SCHEMAS[step]
        ]
    )
