import pyarrow as pa

from data_engine.releasing.differences import SampleDifference, class_counts, differences

BEFORE = pa.table({"sample_id": ["a", "b", "c", "d"], "label": ["x", "x", "y", "y"], "split": ["train"] * 4})
AFTER = pa.table(
    {"sample_id": ["b", "c", "d", "e"], "label": ["y", "y", "y", "z"], "split": ["train", "test", "train", "test"]}
)


def test_every_kind_of_difference_is_told_with_what_was_and_what_is() -> None:
    assert differences(BEFORE, AFTER) == [
        SampleDifference("e", "added", "", "z", "", "test"),
        SampleDifference("a", "removed", "x", "", "train", ""),
        SampleDifference("b", "relabelled", "x", "y", "train", "train"),
        SampleDifference("c", "moved", "y", "y", "train", "test"),
    ]
    assert differences(BEFORE, BEFORE) == []


def test_classes_are_counted_on_both_sides() -> None:
    assert class_counts(BEFORE, AFTER) == {"x": (2, 0), "y": (2, 3), "z": (0, 1)}


def test_of_several_questions_the_labels_of_all_are_compared() -> None:
    one = pa.table({"sample_id": ["a"], "mood_label": ["calm"], "topic_label": pa.array([None], pa.string())})
    other = pa.table({"sample_id": ["a"], "mood_label": ["calm"], "topic_label": ["sea"]})
    (found,) = differences(one, other)
    assert (found.change, found.label_before, found.label_after) == (
        "relabelled",
        "mood: calm",
        "mood: calm, topic: sea",
    )


def test_rows_without_labels_differ_by_sample_only() -> None:
    rows = pa.table({"sample_id": ["a", "b"]})
    assert [each.change for each in differences(rows, rows.slice(1))] == ["removed"]
