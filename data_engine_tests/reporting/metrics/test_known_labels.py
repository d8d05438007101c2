import json
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from data_engine.corpus import Corpus, Review, SimulatedAnnotator
from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.object_forms import classes_in
from data_engine.reporting import known_classes, known_label_of, known_objects, remarks_on_known_labels
from data_engine.reporting.metrics.known_labels import groups


def test_of_equal_contents_the_first_label_that_the_source_gives_counts(corpus: Corpus) -> None:
    labels = {"a": None, "b": "mit", "c": "moon"}
    rows = [("a", None), ("b", None), ("b", "mit"), ("b", "gpl"), ("c", "moon")]
    raw = pa.table(
        {"sample_id": [key for key, _ in rows], "metadata": [json.dumps({"license": label}) for _, label in rows]}
    )
    assert known_label_of(corpus, raw) == labels
    # A sample without a label is out of scope; one outside the classes is none, since this corpus names no other.
    assert known_classes(corpus, raw) == {"a": "not a licence", "b": "mit"}


def raw_index(values: Sequence[Any], column: str = "license") -> pa.Table:
    ids = [str(number) for number in range(len(values))]
    return pa.table({"sample_id": ids, "metadata": [json.dumps({column: value}) for value in values]})


def remarks(corpus: Corpus, values: Sequence[Any], column: str = "license") -> list[str]:
    raw = raw_index(values, column)
    return remarks_on_known_labels(corpus, raw, set(raw["sample_id"].to_pylist()))


def with_labels(corpus: Corpus, **changes: Any) -> Corpus:
    written = corpus.model_dump()
    written["labels"] |= {"classes": ("mit", "gpl", "0", "rest"), "out_of_scope": None, **changes}
    return Corpus.model_validate(written)


def test_numbers_lists_cases_and_normal_forms_are_the_classes_that_they_mean(corpus: Corpus) -> None:
    asked = with_labels(corpus)
    values = [0, 0.0, ["mit"], " MIT ", "mit", [], None, float("nan"), "moon"]
    known = known_classes(asked, raw_index(values))
    assert known == {"0": "0", "1": "0", "2": "mit", "3": "mit", "4": "mit"}


def test_nothing_is_said_where_every_sample_has_a_class(corpus: Corpus) -> None:
    assert remarks(with_labels(corpus), ["mit", "gpl", 0]) == []
    assert remarks(corpus.model_copy(update={"known_label_column": None}), ["moon"]) == []


def test_samples_without_a_label_are_counted(corpus: Corpus) -> None:
    assert remarks(with_labels(corpus), ["mit", None, ""]) == [
        "2 of 3 samples have no known class: simulated annotators leave them unanswered for a person, and metrics that "
        "compare with license leave them out"
    ]
    assert remarks(with_labels(corpus, out_of_scope="rest"), ["mit", None]) == [
        "1 of 2 samples have no value in license; they count as 'rest', which labels.out_of_scope names"
    ]


def test_labels_that_are_no_class_are_named_with_the_classes(corpus: Corpus) -> None:
    said = remarks(with_labels(corpus, other="rest"), ["moon", "moon", "sun", ["mit", "gpl"], "mit"])
    assert said == [
        "4 of 5 known labels (column license) name no class and count as 'rest'; the commonest are 'moon' (2), "
        "'sun' (1), '[\"mit\", \"gpl\"]' (1); the classes are 'mit', 'gpl', '0', 'rest'"
    ]


def test_a_column_that_no_row_has_is_named_with_those_there_are(corpus: Corpus) -> None:
    sentence = "known_label_column is 'license', but no row has that column; the columns found are: licence; name one"
    people = with_labels(corpus).model_copy(update={"review": Review()})
    assert remarks(people, ["mit"], column="licence")[0].startswith(sentence)
    simulated = people.model_copy(update={"review": Review(simulated=(SimulatedAnnotator(name="sim"),))})
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        remarks(simulated, ["mit"], column="licence")
    with pytest.raises(InvalidInput, match=r"'moon' .1.; the classes are 'mit'.* no sample has a known class"):
        remarks(simulated, ["moon", None])


def objects_of(*names: str) -> dict[str, Any]:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9]]
    return {"size": [20, 20], "objects": [{"class": name, "polygons": [ring]} for name in names]}


def test_known_objects_of_a_class_that_is_not_asked_for_are_left_out() -> None:
    asks = SimpleNamespace(
        name="coins", asks_for_objects=True, known_label_column="license", class_names=("coin",),
        labels=SimpleNamespace(kind="objects"),
    )  # fmt: skip
    found = known_objects(asks, raw_index([objects_of("coin", "ring"), json.dumps(objects_of("ring"))]))  # type: ignore[arg-type]
    assert [classes_in(answer) for answer in found.values()] == [{"coin"}, set()]
    with pytest.raises(UnknownLabel, match="object 0 is a 'ring', which is not one of the 1 classes of corpus coins"):
        known_objects(asks, raw_index([objects_of("ring")]))  # type: ignore[arg-type]


def test_balance_is_counted_over_the_clusters_that_hold_samples_in_the_order_of_their_names(corpus: Corpus) -> None:
    clusters = [*range(11)]
    tree = pa.table({"level": [1] * 11, "cluster": clusters, "parent": pa.array([None] * 11, pa.int64())})
    assigned = pa.table({"sample_id": ["a", "b", "c", "d"], "leaf": [10, 2, 10, 3]})
    unknown = corpus.model_copy(update={"known_label_column": None})
    found = groups(unknown, {"cluster_tree": tree, "tree_assignments": assigned})
    assert found is not None
    assert found.names == ["cluster 10", "cluster 2", "cluster 3"]
    assert found.raw.tolist() == [2, 1, 1]
    some, none = found.counts([pa.array(["c", "d", "unknown", "c"]), pa.array([], pa.string())])
    assert (some.tolist(), none.tolist()) == ([2, 0, 1], [0, 0, 0])
