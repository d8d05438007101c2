"""The plan: one table of steps, from which everything else about a step follows. Read this first.

What a step does is in `runtime/steps/<name>.py`, its rows in `schemas/`, its checks in `quality/suites/<name>.py`.
Lineage, staleness, code versions, partitions, jobs, sources, pins and the README's table are all read from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from data_engine.errors import InvalidInput


@dataclass(frozen=True)
class StepSpec:
    """One step of the graph.

    Attributes:
        name: Of the step, its asset, its table and its file in `runtime/steps/`.
        row: What one row of its table is, for the README.
        description: What the Dagster UI says of it.
        inputs: Steps whose new data makes this one stale: the same partition or whole table; `embeddings*` every
            accepted batch, `cluster_tree?` whether it exists at all, `labels~` a table that may not be there yet.
        lookups: Steps that are read too and stand in the lineage, but whose new data is no reason to run.
        last_round: Later steps of which it reads what they wrote the round before; no parents, no reason to run.
        extra_tables: Further tables that the step writes; part of its data version.
        pages: Files for people that it writes below the corpus' folder.
        timing_tables: Tables of measured seconds, or for the next round alone: no part of its data version.
        partition: What one partition is: an ingestion batch, an answered review batch, or "" for the whole table.
        starts: What starts it by itself: `new_input` (Dagster's automation), a `sensor`, or a `person`'s answers.
        job: The job that it belongs to; one that is empty belongs to none.
        settings: Parts of the corpus' YAML that its result depends on.
        code: Further packages whose code its result depends on, besides what its own file imports.
        code_without: Packages that it imports and whose code does not change its result.
        launch_settings: Settings (`block.field`) that a single run may override in the Launchpad.
        launch_flags: Switches of a single run that the corpus does not have, each with its description.
        kinds: What the Dagster UI shows it with.
        pool: Runs that share a pool go one at a time; `{corpus}` and `{modality}` are filled in.
        pinned_by_release: Whether a release stands on its tables, so that cleaning up keeps these versions.
        needs_labels: Whether it is no step of a corpus without the block `labels`.
        is_external: Whether something outside materializes it, so that it has neither a file nor a table.
    """

    name: str
    row: str
    description: str
    inputs: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()
    last_round: tuple[str, ...] = ()
    extra_tables: tuple[str, ...] = ()
    timing_tables: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    partition: Literal["batch", "review_batch", ""] = ""
    starts: Literal["sensor", "new_input", "person"] = "new_input"
    job: str = ""
    settings: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    code_without: tuple[str, ...] = ()
    launch_settings: tuple[str, ...] = ()
    launch_flags: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    pool: str = ""
    pinned_by_release: bool = False
    needs_labels: bool = False
    is_external: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that the step writes, its own first."""
        return () if self.is_external else (self.name, *self.extra_tables, *self.timing_tables)

    @property
    def input_steps(self) -> tuple[str, ...]:
        """The inputs without their marks."""
        return tuple(name.rstrip("*?~") for name in self.inputs)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every step that it reads, inputs first: its parents in the lineage."""
        return (*self.input_steps, *self.lookups)


PLAN: tuple[StepSpec, ...] = (
    StepSpec(
        name="raw_index",
        row="a raw sample, with the hash of its content, uri, bytes, type, arrival",
        description="One row per raw sample: id (hash of its content), uri, bytes, type, arrival, metadata. "
        "Samples that cannot be read keep their row, with the error.",
        partition="batch",
        starts="sensor",
        job="ingest",
        settings=("modality", "source", "batches"),
        launch_settings=("source.max_sample_bytes",),
        kinds=("python",),
        pinned_by_release=True,
    ),
    StepSpec(
        name="first_pass",
        row="a raw sample with verdict, reason, signals",
        description="One verdict per raw sample, with the reason: unreadable, empty, duplicates (exact and near; "
        "never of an accepted sample), named rules, junk.",
        inputs=("raw_index",),
        partition="batch",
        job="ingest",
        settings=("first_pass", "modality", "seed"),
        launch_settings=(
            "first_pass.min_chars",
            "first_pass.max_chars",
            "first_pass.min_letter_share",
            "first_pass.near_duplicate_similarity",
            "first_pass.near_duplicate_image_similarity",
            "first_pass.rules",
        ),
        kinds=("python",),
        # One batch at a time decides what is accepted, or two batches could both keep the same content.
        pool="{corpus}_accepted",
        pinned_by_release=True,
    ),
    StepSpec(
        name="embeddings",
        row="a kept content as a unit vector",
        description="One unit vector per kept content, cached by content hash and encoder version.",
        inputs=("first_pass",),
        lookups=("raw_index",),
        partition="batch",
        job="ingest",
        settings=("encoder", "modality"),
        kinds=("pytorch",),
        pool="{modality}_encoder",
        pinned_by_release=True,
    ),
    StepSpec(
        name="drift_report",
        row="a cluster whose share moved between a batch and the rest",
        description="A batch against all others by three detectors: chi-square on the clusters of the coarsest level, "
        "likeness to the nearest known sample, and the centre; with clusters and samples to look at.",
        inputs=("embeddings", "cluster_tree?"),
        lookups=("first_pass",),
        partition="batch",
        job="ingest",
        settings=("drift", "seed"),
        launch_settings=("drift.alarm_p",),
        kinds=("scipy",),
    ),
    StepSpec(
        name="cluster_tree",
        row="a centroid of a level; the leaf of every sample is beside it",
        description="The centroids of every level of hierarchical k-means; beside it, the leaf of every sample, "
        "and a summary of every cluster: name, quality, nearest and border samples. "
        "New batches are assigned to the frozen tree until the corpus has outgrown it.",
        inputs=("embeddings*",),
        lookups=("raw_index",),
        extra_tables=("tree_assignments", "cluster_portraits", "tree_explanation"),
        job="curate",
        settings=("tree", "seed", "encoder"),
        # Vectors of another encoder need another tree; other names of its clusters are no other tree.
        code=("data_engine.embedding",),
        code_without=("data_engine.cluster_summary",),
        launch_flags={"rebuild": "Build a new tree even if the frozen one still fits."},
        kinds=("numpy",),
        pinned_by_release=True,
    ),
    StepSpec(
        name="balanced_subset",
        row="a chosen sample, its leaf, why",
        description="The chosen samples: those that stand best for the pool, dense regions counting for less, "
        "or what another method chooses, such as quotas over the cluster tree. Semantic duplicates go before, where "
        "the corpus asks for it. Beside it, what a classifier learns from it and from random samples.",
        inputs=("cluster_tree",),
        lookups=("embeddings", "raw_index"),
        extra_tables=("semantic_duplicates", "subset_proof"),
        timing_tables=("subset_comparison",),
        job="curate",
        settings=("subset", "seed", "tree.n_resamples", "known_label_column", "known_label_pattern"),
        # A classifier of the subset is trained only to show what the subset is worth.
        code_without=("data_engine.cluster_summary", "data_engine.labeling"),
        launch_settings=("subset.target_size", "subset.method", "subset.evenness", "subset.strategy"),
        kinds=("numpy",),
        pinned_by_release=True,
    ),
    StepSpec(
        name="review_batches",
        row="a review batch in the queue; observed, not made",
        description="Questions for people, opened when the proposals are too uncertain; "
        "answered with `data-engine review`.",
        inputs=("balanced_subset",),
        starts="person",
        kinds=("human",),
        needs_labels=True,
        is_external=True,
    ),
    StepSpec(
        name="reviewed_labels",
        row="an answer, with provenance and seconds",
        description="One answer per row: who answered, in which arm, and what that makes of the label "
        "(provenance). A late correction raises the revision and materializes this partition again.",
        inputs=("review_batches",),
        partition="review_batch",
        starts="person",
        job="answers",
        needs_labels=True,
        code=("data_engine.review",),
        kinds=("sqlalchemy",),
    ),
    StepSpec(
        name="classifier",
        row="a version of the classifier, with metrics",
        description="The model registry, a row per version: trained on the answers outside the hold-out, "
        "calibrated and certified on it. A new one is in service when a paired bootstrap says that it is better there.",
        inputs=("reviewed_labels*",),
        lookups=("embeddings", "raw_index", "cluster_tree", "balanced_subset"),
        last_round=("proposals",),
        extra_tables=("classifier_figures",),
        job="learn",
        needs_labels=True,
        settings=("labels", "seed", "encoder"),
        code=("data_engine.embedding",),
        kinds=("scikitlearn",),
    ),
    StepSpec(
        name="proposals",
        row="a sample's proposal: probability, utility, difficulty, route",
        description="One proposal per sample of the subset: calibrated probabilities, utility for the next query "
        "batch, difficulty, and the route - the first decider that its certified gate makes sure, or a person.",
        inputs=("classifier", "balanced_subset"),
        lookups=("reviewed_labels", "embeddings", "raw_index", "cluster_tree"),
        timing_tables=("foundation_answers", "foundation_rounds", "distilled_answers"),
        job="learn",
        needs_labels=True,
        settings=("labels", "seed", "foundation_model", "review.definitions", "review.instructions"),
        kinds=("scikitlearn",),
    ),
    StepSpec(
        name="labels",
        row="a labelled sample: value, provenance, quality",
        description="One label per sample of the subset that has one: the consensus of its answers, or the "
        "proposal that the certified gate accepts; with provenance and quality. The rest waits for a person. What "
        "people labelled keeps its label outside the subset, too.",
        inputs=("reviewed_labels*", "proposals~", "balanced_subset", "cluster_tree"),
        lookups=("embeddings", "raw_index"),
        job="publish",
        needs_labels=True,
        settings=("labels", "seed", "subset.keep_labelled"),
        kinds=("numpy",),
        pinned_by_release=True,
    ),
    StepSpec(
        name="quality_report",
        row="a metric with its interval; one HTML page is beside it",
        description="Every figure with its 90 % interval, unit and how it was computed; and one self-contained "
        "HTML page: funnel, balance, label quality, gate, rounds, drift, examples.",
        inputs=("labels~", "balanced_subset", "drift_report*"),
        lookups=("raw_index", "first_pass", "embeddings", "cluster_tree", "classifier", "proposals", "reviewed_labels"),
        timing_tables=("costs", "label_trends", "annotation_stages", "class_stages", "carried_masks"),
        pages=("reports/report.html",),
        job="publish",
        settings=("known_label_column", "known_label_pattern", "labels", "subset", "tree"),
        kinds=("html",),
    ),
    StepSpec(
        name="release",
        row="a sample of a frozen version",
        description="The labelled samples in scope, or the whole subset of a corpus without labels, under a "
        "fingerprint of the rows: files of each format, a manifest of table versions and hashes, a data card, images.",
        inputs=("labels~", "balanced_subset", "quality_report"),
        lookups=("raw_index", "cluster_tree", "embeddings"),
        job="publish",
        settings=("release", "labels"),
        kinds=("parquet",),
    ),
)

#: The steps by name, in order.
STEPS: dict[str, StepSpec] = {spec.name: spec for spec in PLAN}

#: The steps that the engine materializes itself, in order.
MADE_STEPS: tuple[str, ...] = tuple(spec.name for spec in PLAN if not spec.is_external)

#: Which step writes a table.
WRITTEN_BY: dict[str, str] = {table: spec.name for spec in PLAN for table in spec.tables}

#: Jobs that run the steps of several jobs.
_COMBINED_JOBS: dict[str, tuple[str, ...]] = {
    "retrain": ("curate", "learn"),
    "refresh": ("curate", "learn", "publish"),
}


def _jobs() -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(spec.job for spec in PLAN if spec.job)
    single = {job: tuple(spec.name for spec in PLAN if spec.job == job) for job in names}
    combined = {job: tuple(step for part in parts for step in single[part]) for job, parts in _COMBINED_JOBS.items()}
    return single | combined


#: The steps of each job, in order. `ingest` and `answers` run once per partition.
JOBS: dict[str, tuple[str, ...]] = _jobs()

#: The steps of a batch that need nothing which is made of all batches.
BATCH_STEPS: tuple[str, ...] = tuple(
    step for step in JOBS["ingest"] if all(STEPS[read].job == "ingest" for read in STEPS[step].reads)
)


def spec_of(step: str) -> StepSpec:
    """The step of this name.

    Raises: InvalidInput listing the names there are.
    """
    if step not in STEPS:
        raise InvalidInput(f"there is no step {step!r}; the plan has {', '.join(STEPS)}")
    return STEPS[step]


def steps_from(job: str, first: str) -> tuple[str, ...]:
    """The steps of a job from this one on."""
    steps = JOBS[job]
    return steps[steps.index(first) :]


def tables_read_by(step: str) -> tuple[str, ...]:
    """Every table that a step may read: those of its inputs and lookups, and its own."""
    spec = spec_of(step)
    return tuple(table for name in (*spec.reads, step) for table in STEPS[name].tables)


def pinned_tables() -> tuple[str, ...]:
    """The tables whose versions a release stands on, in the order of the plan."""
    return tuple(table for spec in PLAN if spec.pinned_by_release for table in spec.tables)


def partition_column(table: str) -> str:
    """The column that holds the partition of a step's table; empty for a table that is written whole."""
    return STEPS[table].partition if table == WRITTEN_BY[table] else ""


def in_order(seconds: Mapping[str, float]) -> dict[str, float]:
    """The same seconds in the order of the steps; what is no step comes last."""
    place = {step: number for number, step in enumerate(STEPS)}
    return dict(sorted(seconds.items(), key=lambda item: place.get(item[0], len(place))))
