"""release: a frozen, documented version of the subset with its labels, if any: Parquet, JSONL, manifest, data card."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import releasing, storage
from data_engine.corpus import Corpus
from data_engine.indexing.registry import KINDS
from data_engine.releasing.release_marks import put_into_service
from data_engine.reporting.metrics.known_labels import ancestors
from data_engine.runtime.made_from.question_labels import (
    LabelledQuestion,
    labelled_questions,
    question_inputs,
    refuse_other_labels,
)
from data_engine.runtime.made_from.settings import configuration_used, corpus_used
from data_engine.runtime.media import released_images
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import BALANCED_SUBSET
from data_engine.storage.ledger import ledger_rows


def release(step_run: StepRun) -> StepResult:
    """Freeze the labelled samples that are in scope; of a corpus without labels, the whole subset."""
    runtime, now = step_run.runtime, step_run.corpus
    metrics = step_run.read("quality_report")
    step_run.refuse_other_rows("quality_report", "labels", "balanced_subset")
    configuration = configuration_used(step_run.used(as_of="quality_report"), now)
    corpus = corpus_used(configuration, now)
    questions = _questions(step_run, configuration)
    rows, considered, raw, masked = _rows(step_run, corpus, questions)
    rows, splits = _with_splits(step_run, rows, corpus)
    manifest = _manifest(step_run, rows, configuration, questions) | splits
    card = releasing.data_card(corpus, rows, metrics, manifest)
    folder = runtime.corpus_folder / "releases" / manifest["release_id"]
    images = released_images(runtime, raw, rows["sample_id"].to_pylist())
    is_anew = not (folder / "manifest.json").exists()
    hashes = releasing.write_release(folder, rows, manifest, card, images=images, formats=corpus.release.formats)
    if is_anew:
        # A new release takes the place of the one that people went back to.
        put_into_service(runtime.corpus_folder, "")
    storage.pin(runtime.data_folder, corpus.name, manifest["release_id"], manifest["table_versions"], is_anew=is_anew)
    for each in questions:
        folder_of = each.runtime.corpus_folder
        storage.pin(folder_of.parent, folder_of.name, manifest["release_id"], each.versions, is_anew=is_anew)
    return step_run.finish(
        rows,
        ledger=_ledger(considered, rows, manifest["release_id"], masked),
        metadata={"release": manifest["release_id"], "folder": str(folder), **hashes},
    )


def _rows(
    step_run: StepRun, corpus: Corpus, questions: Sequence[LabelledQuestion]
) -> tuple[pa.Table, pa.Table, pa.Table, dict[str, str]]:
    """The released rows, the samples that could be, their rows of the raw index, and what was masked, by id."""
    labels, subset = step_run.read("labels"), step_run.read("balanced_subset")
    if questions:
        of_questions = _labels_of_questions(questions, step_run.corpus)
        labels = releasing.labelled_samples(of_questions)
        places = _places_of_labels(step_run, labels, subset)
        raw, masked = _contents(step_run, places)
        return releasing.rows_of_questions(of_questions, places, raw), labels, raw, masked
    if corpus.has_labels:
        places = _places_of_labels(step_run, labels, subset)
        raw, masked = _contents(step_run, places)
        rows = releasing.release_rows(labels, places, raw, out_of_scope=corpus.labels.out_of_scope)
        return rows, labels, raw, masked
    raw, masked = _contents(step_run, subset)
    rows = releasing.unlabelled_rows(subset, raw)
    return rows, rows, raw, masked


def _with_splits(step_run: StepRun, rows: pa.Table, corpus: Corpus) -> tuple[pa.Table, dict[str, Any]]:
    """The rows with their splits, and what the manifest says of these; as they are where none are asked for."""
    settings = corpus.release.splits
    if settings is None:
        return rows, {}
    x = step_run.embeddings_at(rows.select(["sample_id", "batch"]))
    tree, _ = step_run.frozen_tree()
    seed, alike = corpus.seed_for("splits"), settings.least_cosine
    leaf = rows["leaf"].to_numpy().astype("int64")
    if KINDS[corpus.source.kind].cuts_files:
        groups = releasing.groups_of_files(rows["uri"].to_pylist(), x, tree, leaf, least_cosine=alike)
    else:
        groups = releasing.groups_of(x, tree, leaf, least_cosine=alike)
    splits = releasing.splits_of(groups, settings.shares, seed=seed)
    leaks = releasing.leaks_between(x, splits, least_cosine=alike, seed=seed)
    rows = releasing.identified(releasing.with_splits(rows, splits, leaks))
    return rows, {"splits": releasing.splits_said(rows, {"seed": seed, "least_cosine": alike}, leaks)}


def _questions(step_run: StepRun, configuration: dict[str, Any]) -> list[LabelledQuestion]:
    """Each of several questions with its labels, which the configuration names as the labels were made with it."""
    step_run.inputs |= question_inputs(step_run.runtime)
    if not step_run.runtime.questions:
        return []
    refuse_other_labels(step_run.runtime, run_id=step_run.run_id)
    found = labelled_questions(step_run.runtime, run_id=step_run.run_id)
    configuration["labels"] = [{"name": each.runtime.question, **each.labels_used} for each in found]
    return found


def _labels_of_questions(questions: Sequence[LabelledQuestion], now: Corpus) -> dict[str, releasing.QuestionLabels]:
    """The labels of every question by name, and what they say of the release."""
    required = {question.name: question.required for question in now.questions}
    return {
        each.runtime.question: releasing.QuestionLabels(
            each.tables["labels"], each.corpus.labels.out_of_scope, required[each.runtime.question]
        )
        for each in questions
    }


def _places_of_labels(step_run: StepRun, labels: pa.Table, subset: pa.Table) -> pa.Table:
    """Batch, leaf and top cluster of every labelled sample (schema BALANCED_SUBSET, in part), in the subset or not."""
    columns = ["sample_id", "batch", "leaf", "top_cluster"]
    inside = subset.select(columns).join(labels.select(["sample_id"]), "sample_id", join_type="left semi")
    missing = labels.filter(pc.invert(pc.is_in(labels["sample_id"], subset["sample_id"].combine_chunks())))
    if not missing.num_rows:
        return inside
    step_run.refuse_other_rows("labels", "cluster_tree")
    tree = step_run.look_up("cluster_tree", columns=["level", "cluster", "parent"])
    among = {"sample_id": missing["sample_id"].combine_chunks()}
    outside = step_run.look_up("tree_assignments", columns=columns[:3], among=among)
    tops = pa.array(ancestors(tree)[outside["leaf"].to_numpy()], pa.int32())
    return pa.concat_tables([inside.cast(_PLACES), outside.append_column("top_cluster", tops).cast(_PLACES)])


_PLACES = pa.schema([BALANCED_SUBSET.field(name) for name in ("sample_id", "batch", "leaf", "top_cluster")])


def _contents(step_run: StepRun, labelled: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """The labelled samples in the raw index of the batch that each was chosen from, and what was masked, by id."""
    raw = step_run.look_up("raw_index", among={"sample_id": labelled["sample_id"].combine_chunks()})
    places = labelled.select(["sample_id", "batch"])
    raw = raw.join(places, ["sample_id", "batch"], join_type="left semi").select(raw.column_names)
    if not step_run.corpus.samples.is_read_again:
        releasing.refuse_other_contents(raw, step_run.corpus.name)
    return releasing.mask_personal(raw) if step_run.corpus.release.pii == "mask" else (raw, {})


def _manifest(
    step_run: StepRun, rows: pa.Table, configuration: dict[str, Any], questions: Sequence[LabelledQuestion]
) -> dict[str, Any]:
    """The manifest: what the tables were made with, their versions, and the data version of every step."""
    versions = step_run.open_versions()
    return {
        "release_id": releasing.release_fingerprint(rows),
        "corpus": step_run.corpus.name,
        "n_samples": rows.num_rows,
        **_labels_of(rows),
        **({"questions": _said_of_questions(rows, questions)} if questions else {}),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": step_run.run_id,
        "configuration": configuration,
        "table_versions": step_run.pinned_versions(),
        "data_versions": {
            f"{step}/{batch}".rstrip("/"): v.data_version for (step, batch), v in sorted(versions.items())
        },
    }


def _labels_of(rows: pa.Table) -> dict[str, Any]:
    """How many labels there are of each provenance; nothing where the corpus has none."""
    counts = {row["values"]: row["counts"] for row in pc.value_counts(rows["provenance"].drop_null()).to_pylist()}
    return {"labels_by_provenance": dict(sorted(counts.items()))} if counts else {}


def _said_of_questions(rows: pa.Table, questions: Sequence[LabelledQuestion]) -> dict[str, Any]:
    """What a manifest says of each of several questions: its text, its labels, and the versions of its tables."""
    return {
        each.runtime.question: {
            "question": each.corpus.labels.question,
            "n_labels": (own := releasing.rows_of_question(rows, each.runtime.question)).num_rows,
            **_labels_of(own),
            "table_versions": each.versions,
        }
        for each in questions
    }


def _ledger(considered: pa.Table, rows: pa.Table, release_id: str, masked: dict[str, str]) -> pa.Table:
    """What became of the samples that could be released: all that have a label, or all that are released.

    Of several questions no single probability says what became of a sample.
    """
    sample_ids = considered["sample_id"].to_pylist()
    notes = [f"release {release_id}" + (f", masked {masked[i]}" if i in masked else "") for i in sample_ids]
    released = pc.is_in(considered["sample_id"], rows["sample_id"].combine_chunks())
    return ledger_rows(
        considered["sample_id"],
        verdict=pc.if_else(released, "released", "not_released"),
        reason=pc.if_else(released, pa.array(notes, pa.string()), _why_not(considered)),
        score=considered["posterior"] if "posterior" in considered.column_names else None,
    )


def _why_not(considered: pa.Table) -> str:
    """Why samples with a label are not released."""
    return "out of scope" if "posterior" in considered.column_names else "out of scope, or without a required label"
