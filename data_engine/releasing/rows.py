"""The rows of a release: the labelled samples that are frozen together, and the id that is a fingerprint of them.

Writing them is in `writer.py`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import ChecksFailed
from data_engine.releasing.question_rows import (
    BY_QUESTION,
    QuestionLabels,
    in_columns,
    labelled_samples,
    labels_as_text,
    out_of_columns,
    questions_of,
)
from data_engine.schemas import RELEASE

_NUMBERED = ("posterior", "quality")
LABEL_COLUMNS = ("label", "provenance", *_NUMBERED)
"""Columns of a release that say what a sample is and who said so."""
_IN_SUBSET = "in_subset"
_SPLIT, _LEAK = "split", "repeats_in_other_split"
OBJECTS = "objects"
"""The column of a release that has the objects of its images, where the corpus asks for these."""


def release_rows(labels: pa.Table, places: pa.Table, raw: pa.Table, *, out_of_scope: str | None) -> pa.Table:
    """The rows of a release: every labelled sample that is in scope, with its content.

    Args:
        labels: One label per sample.
        places: Batch, leaf and top cluster of the labelled samples: those of the balanced subset, and of the samples
            outside it whose labels are kept.
        raw: The raw index, at least of the labelled samples in the batches that the places name; of one content that
            a batch holds twice, the first place (by uri) counts.
        out_of_scope: The class whose samples are not released.

    Returns: rows sorted by sample_id; the same labels give the same rows and the same release_id.

    Raises: ChecksFailed when a labelled sample has no place, or is not in the raw index of its batch.
    """
    in_scope = labels if out_of_scope is None else labels.filter(pc.not_equal(labels["label"], out_of_scope))
    places = places.select(["sample_id", "batch", "leaf", "top_cluster"])
    shown = _exported(in_scope)
    if "label" not in shown.column_names:
        shown = shown.append_column("label", pa.nulls(shown.num_rows, pa.string()))
    shown = shown.append_column("provenance", in_scope["provenance"])
    shown = shown.append_column(_IN_SUBSET, pc.fill_null(in_scope[_IN_SUBSET], True))
    for name in _NUMBERED:
        shown = shown.append_column(name, in_scope[name])
    rows = _with_contents(shown.join(places, "sample_id", join_type="inner"), raw)
    _refuse_missing(in_scope, rows, "labelled samples")
    return identified(rows)


def unlabelled_rows(subset: pa.Table, raw: pa.Table) -> pa.Table:
    """The rows of a release of a corpus without labels: every sample of the subset with its content, labels null.

    Args:
        subset: The balanced subset.
        raw: The raw index, at least of these samples in the batches that the subset names.

    Returns: rows sorted by sample_id; the same subset gives the same rows and the same release_id.

    Raises: ChecksFailed when a sample is not in the raw index of its batch.
    """
    chosen = subset.select(["sample_id", "batch", "leaf", "top_cluster"])
    for name in (*LABEL_COLUMNS, _IN_SUBSET):
        chosen = chosen.append_column(name, pa.nulls(len(chosen), RELEASE.field(name).type))
    rows = _with_contents(chosen, raw)
    _refuse_missing(subset, rows, "chosen samples")
    return identified(rows)


def rows_of_questions(questions: Mapping[str, QuestionLabels], places: pa.Table, raw: pa.Table) -> pa.Table:
    """The rows of a release of a corpus with several questions: the samples that its questions release.

    Args:
        questions: The labels of each, in order.
        places: Batch, leaf and top cluster of the labelled samples, as for `release_rows`.
        raw: The raw index, as for `release_rows`.

    Returns: rows sorted by sample_id, with the labels in one column; the same labels give the same release_id.

    Raises: ChecksFailed when a sample has no place, or is not in the raw index of its batch.
    """
    labelled = labelled_samples(questions)
    wanted = labelled.filter(labelled["is_released"]).select(["sample_id", _IN_SUBSET])
    for name in LABEL_COLUMNS:
        wanted = wanted.append_column(name, pa.nulls(len(wanted), RELEASE.field(name).type))
    wanted = wanted.append_column(BY_QUESTION, labels_as_text(wanted["sample_id"].to_pylist(), questions))
    places = places.select(["sample_id", "batch", "leaf", "top_cluster"])
    rows = _with_contents(wanted.join(places, "sample_id", join_type="inner"), raw)
    _refuse_missing(wanted, rows, "labelled samples")
    return identified(rows)


def exported_rows(rows: pa.Table) -> pa.Table:
    """The rows in the columns that their files have.

    Those of labels are left out where no sample has one, `label` or `objects` where that is not asked for, `in_subset`
    where no sample is outside the subset, `split` where there are no splits. Of several questions each has columns of
    its own, `<question>_label` and so on.
    """
    unused = [_LEAK]
    unused += [] if _has_any_outside(rows) else [_IN_SUBSET]
    unused += [] if _has_splits(rows) else [_SPLIT]
    unused += ["label"] if has_objects(rows) else [OBJECTS]
    rows = rows.drop_columns([name for name in unused if name in rows.column_names])
    if questions_of(rows):
        return in_columns(rows)
    rows = in_columns(rows)
    own = [name for name in LABEL_COLUMNS if name in rows.column_names]
    has_labels = rows.num_rows == 0 or any(rows[name].null_count < rows.num_rows for name in own)
    return rows if has_labels else rows.drop_columns(own)


def all_columns(exported: pa.Table) -> pa.Table:
    """Rows of a release's file with null labels where the file has no columns of labels."""
    exported = out_of_columns(exported)
    for name in (name for name in LABEL_COLUMNS if name not in exported.column_names):
        exported = exported.append_column(name, pa.nulls(len(exported), RELEASE.field(name).type))
    return exported


def _with_contents(chosen: pa.Table, raw: pa.Table) -> pa.Table:
    contents = _first_of_each(raw.select(["sample_id", "batch", "uri", "text", "metadata"]))
    return chosen.join(contents, ["sample_id", "batch"], join_type="inner").sort_by("sample_id")


def identified(rows: pa.Table, declared: Mapping[str, Any] | None = None) -> pa.Table:
    """The rows in the schema RELEASE, with the id that is their fingerprint, and of what is declared of them."""
    release_id = release_fingerprint(rows, declared)
    ids = pa.array([release_id] * rows.num_rows, pa.string())
    return pa.Table.from_arrays(
        [ids if name == "release_id" else _column(rows, name).cast(RELEASE.field(name).type) for name in RELEASE.names],
        schema=RELEASE,
    )


def _column(rows: pa.Table, name: str) -> pa.Array:
    """A column; nulls where the rows have none, as those without several questions have no labels by question."""
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows, RELEASE.field(name).type)
    return rows[name].combine_chunks()


def _exported(labels: pa.Table) -> pa.Table:
    """The samples, and their answers in the columns that the kind of the answers has for a release."""
    from data_engine.labeling.answers.registry import kind_of

    kind = kind_of(labels["kind"].to_pylist())
    return pa.table({"sample_id": labels["sample_id"], **kind.exported(labels["answer"].to_pylist())})


def mask_personal(raw: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """Raw samples whose texts have placeholders in place of e-mail addresses, phone numbers and keys.

    The ids stay those of the raw contents, so that the ledger still leads to them.

    Returns: the table, and by sample_id what was masked, such as `2 email, 1 secret`; nothing else is in it.
    """
    from data_engine.filtering.rules import personal_data

    masked: dict[str, str] = {}
    texts: list[str | None] = []
    for sample_id, text in zip(raw["sample_id"].to_pylist(), raw["text"].to_pylist(), strict=True):
        clean, counts = (None, {}) if text is None else personal_data.mask(text)
        texts.append(clean)
        if counts:
            masked[sample_id] = ", ".join(f"{counts[kind]} {kind}" for kind in personal_data.KINDS if kind in counts)
    place = raw.schema.get_field_index("text")
    return raw.set_column(place, raw.schema.field(place), pa.array(texts, pa.string())), masked


def release_fingerprint(rows: pa.Table, declared: Mapping[str, Any] | None = None) -> str:
    """A fingerprint (16 hex digits) of everything that is released, whatever the order of the rows.

    What is declared of them counts, as `declared_facts` gives it: the same rows under another licence are another
    release. Where nothing is declared the id is that of the rows alone.
    `in_subset` says something only where it is false of a sample: without one the id is that of the same rows before
    the subset had lost any. Likewise for `split` where there are no splits, and `objects` where there are none.
    """
    left_out = {"release_id", _LEAK}
    left_out |= set() if _has_any_outside(rows) else {_IN_SUBSET}
    left_out |= set() if questions_of(rows) else {BY_QUESTION}
    left_out |= set() if _has_splits(rows) else {_SPLIT}
    left_out |= set() if has_objects(rows) else {OBJECTS}
    named = [name for name in RELEASE.names if name not in left_out]
    values = rows.select(named).sort_by("sample_id").to_pylist()
    text = json.dumps([list(row.values()) for row in values])
    text += json.dumps(declared, sort_keys=True) if declared else ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _has_any_outside(rows: pa.Table) -> bool:
    return _IN_SUBSET in rows.column_names and False in rows[_IN_SUBSET].to_pylist()


def has_objects(rows: pa.Table) -> bool:
    """Whether the rows of a release are images with objects in the place of a class."""
    return OBJECTS in rows.column_names and rows[OBJECTS].null_count < rows.num_rows


def class_counts_of(rows: pa.Table) -> Counter[str]:
    """How many samples of each class the rows of a release have; of images with objects, how many objects."""
    if not has_objects(rows):
        return Counter(rows["label"].to_pylist())
    return Counter(one["class"] for text in rows[OBJECTS].to_pylist() for one in json.loads(text)["objects"])


def _has_splits(rows: pa.Table) -> bool:
    return _SPLIT in rows.column_names and rows[_SPLIT].null_count < rows.num_rows


def _refuse_missing(wanted: pa.Table, rows: pa.Table, what: str) -> None:
    missing = wanted.filter(pc.invert(pc.is_in(wanted["sample_id"], rows["sample_id"].combine_chunks())))
    if missing.num_rows:
        raise ChecksFailed(
            f"{missing.num_rows} of {wanted.num_rows} {what}, among them "
            f"{missing['sample_id'][:3].to_pylist()}, are not in the tree and in an accepted batch of the raw index "
            f"any more; materialize cluster_tree and what follows, then the release"
        )


def _first_of_each(raw: pa.Table) -> pa.Table:
    ordered = raw.sort_by([("sample_id", "ascending"), ("batch", "ascending"), ("uri", "ascending")])
    ids = list(zip(ordered["sample_id"].to_pylist(), ordered["batch"].to_pylist(), strict=True))
    first = [i for i, place in enumerate(ids) if i == 0 or place != ids[i - 1]]
    return ordered.take(pa.array(first, pa.int64()))
