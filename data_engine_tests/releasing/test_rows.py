"""Releases: which rows are frozen, and when their id changes."""

import pyarrow as pa
import pytest
from class_rows import with_answers
from schema_tables import table

from data_engine.errors import ChecksFailed
from data_engine.releasing import mask_personal, release_fingerprint, release_rows, unlabelled_rows
from data_engine.releasing.rows import all_columns, exported_rows
from data_engine.schemas import BALANCED_SUBSET, LABELS, RAW_INDEX


def _labels(**label_of: str) -> pa.Table:
    rows = [
        {"sample_id": i, "label": label, "provenance": "human", "posterior": 1.0, "quality": 0.5, "n_annotations": 1}
        for i, label in label_of.items()
    ]
    return pa.Table.from_pylist(with_answers("labels", rows), schema=LABELS)


def _subset(*ids: str) -> pa.Table:
    rows = [
        {
            "sample_id": i, "batch": "b", "leaf": 0, "top_cluster": 0, "leaf_size": 9, "quota": 3, "reason": "quota",
            "tree_version": "t",
        }
        for i in ids
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=BALANCED_SUBSET)


def _raw(*places: tuple[str, str]) -> pa.Table:
    rows = [
        {
            "sample_id": i, "batch": "b", "uri": uri, "media_type": "text/plain", "n_bytes": 1, "arrived_at": 0,
            "text": f"text of {uri}", "metadata": "{}", "is_readable": True,
        }
        for i, uri in places
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=RAW_INDEX)


def test_what_is_out_of_scope_or_unlabelled_is_not_released() -> None:
    raw = _raw(("a", "1"), ("b", "2"), ("c", "3"))
    rows = release_rows(_labels(a="mit", b="junk"), _subset("a", "b", "c"), raw, out_of_scope="junk")
    assert rows["sample_id"].to_pylist() == ["a"]
    assert rows["label"].to_pylist() == ["mit"]


def test_a_content_found_twice_is_released_once_from_its_first_place() -> None:
    rows = release_rows(_labels(a="mit"), _subset("a"), _raw(("a", "z"), ("a", "y")), out_of_scope=None)
    assert rows["uri"].to_pylist() == ["y"]


def test_a_content_of_two_batches_is_released_from_the_batch_that_the_subset_names() -> None:
    other = _raw(("a", "0"))
    place = other.schema.get_field_index("batch")
    other = other.set_column(place, other.schema.field(place), pa.array(["another"]))
    raw = pa.concat_tables([other, _raw(("a", "y"))])
    assert release_rows(_labels(a="mit"), _subset("a"), raw, out_of_scope=None)["uri"].to_pylist() == ["y"]
    with pytest.raises(ChecksFailed, match=r"1 of 1 labelled samples, among them .'a'., are not in the tree and in an"):
        release_rows(_labels(a="mit"), _subset("a"), other, out_of_scope=None)


def test_the_id_depends_on_labels_and_not_on_the_order_of_rows() -> None:
    raw = _raw(("a", "1"), ("b", "2"))
    first = release_rows(_labels(a="mit", b="gpl"), _subset("a", "b"), raw, out_of_scope=None)
    turned = release_rows(_labels(b="gpl", a="mit"), _subset("b", "a"), raw, out_of_scope=None)
    other = release_rows(_labels(a="mit", b="mit"), _subset("a", "b"), raw, out_of_scope=None)
    assert first.equals(turned)
    assert release_fingerprint(first) == first["release_id"][0].as_py()
    assert release_fingerprint(other) != release_fingerprint(first)


def test_nothing_labelled_gives_an_empty_release_of_the_right_columns() -> None:
    rows = release_rows(_labels(), _subset("a"), _raw(("a", "1")), out_of_scope=None)
    assert rows.num_rows == 0
    assert "label" in rows.column_names


def test_what_is_personal_is_masked_in_the_released_text_and_the_id_stays() -> None:
    raw = _raw(("a", "1"), ("b", "2")).set_column(
        7, RAW_INDEX.field("text"), pa.array(["write to ann@example.org", "nothing"])
    )
    masked, notes = mask_personal(raw)
    rows = release_rows(_labels(a="x", b="x"), _subset("a", "b"), masked, out_of_scope=None)
    assert rows["text"].to_pylist() == ["write to <email>", "nothing"]
    assert rows["sample_id"].to_pylist() == ["a", "b"]
    assert notes == {"a": "1 email"}


def test_images_have_no_text_to_mask() -> None:
    raw = _raw(("a", "1")).set_column(7, RAW_INDEX.field("text"), pa.array([None], pa.string()))
    assert mask_personal(raw) == (raw, {})


def test_without_labels_every_chosen_sample_is_released_and_the_files_have_no_columns_of_labels() -> None:
    subset = table("balanced_subset", [{"sample_id": i, "batch": "may", "leaf": 4, "top_cluster": 2} for i in "ba"])
    raw = table("raw_index", [{"sample_id": i, "batch": "may", "uri": i, "text": i} for i in "abc"])
    rows = unlabelled_rows(subset, raw)
    assert rows["sample_id"].to_pylist() == ["a", "b"]
    assert rows["label"].to_pylist() == rows["quality"].to_pylist() == [None, None]
    assert set(rows["release_id"].to_pylist()) == {release_fingerprint(rows)}
    exported = exported_rows(rows)
    assert not {"label", "provenance", "posterior", "quality"} & set(exported.column_names)
    assert release_fingerprint(all_columns(exported)) == release_fingerprint(rows)
    with pytest.raises(ChecksFailed, match="1 of 2 chosen samples"):
        unlabelled_rows(subset, raw.slice(1))
