import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from schema_tables import table

from data_engine.corpus import Corpus
from data_engine.runtime.made_from.given_labels import (
    given_classes,
    given_hold_out,
    given_labels_text,
    reads_given_labels,
    remarks_on_given_labels,
    with_given_labels,
)

_TAGS = {f"s{n}": ("x", "Y ", "z", "", None)[n % 5] for n in range(20)}


def _corpus(**given: object) -> Corpus:
    labels: dict[str, Any] = {"question": "?", "classes": ["x", "y"], "hold_out_size": 50}
    labels |= {"given": {"column": "tag", **given}} if given else {}
    source = {"kind": "jsonl", "path": "x", "pattern": "*"}
    return Corpus.model_validate({"name": "n", "source": source, "subset": {"target_size": 9}, "labels": labels})


def _read(name: str, *, columns: Sequence[str] | None = None, among: Mapping[str, pa.Array] | None = None) -> pa.Table:
    rows: dict[str, list[dict[str, Any]]] = {
        "raw_index": [{"sample_id": key, "metadata": json.dumps({"tag": tag})} for key, tag in _TAGS.items()],
        "balanced_subset": [{"sample_id": f"s{n}"} for n in range(12)],
    }
    found = table(name, rows[name])
    for column, values in (among or {}).items():
        found = found.filter(pc.is_in(found[column], values))
    return found.select(list(columns)) if columns else found


def _reviewed(**purposes: str) -> pa.Table:
    answer = {"label": "x", "provenance": "human", "arm": "manual"}
    return table("reviewed_labels", [{"sample_id": key, "purpose": p, **answer} for key, p in purposes.items()])


def test_values_become_classes_and_those_that_name_none_are_told_with_their_number() -> None:
    corpus = _corpus(in_hold_out=False)
    assert given_classes(corpus, _read, among=pa.array(["s0", "s1", "s2", "s3"])) == {"s0": "x", "s1": "y"}
    assert given_classes(_corpus(), _read) == {}
    told, strays = remarks_on_given_labels(corpus, _read)
    assert told.startswith("8 of 20 samples have a label in the data (labels.given, column tag)")
    assert strays == (
        "4 of 12 labels that the data give (column tag) name no class and count as no label; the commonest are 'z' "
        "(4); the classes are 'x', 'y'"
    )
    assert remarks_on_given_labels(_corpus(), _read) == []


def test_only_where_the_yaml_says_so_are_given_labels_of_the_subset_held_out() -> None:
    # Of 12 chosen samples a third is held out; s0, s1, s5, s6, s10 and s11 have a label.
    nobody = _reviewed()
    assert given_hold_out(_corpus(in_hold_out=False), _read, nobody) == set()
    held = given_hold_out(_corpus(in_hold_out=True), _read, nobody)
    assert len(held) == 4
    assert held < {"s0", "s1", "s5", "s6", "s10", "s11"}
    assert given_hold_out(_corpus(in_hold_out=True), _read, nobody) == held
    answered = _reviewed(s2="hold_out", s3="hold_out", s0="query", s4="trap")
    rest = given_hold_out(_corpus(in_hold_out=True), _read, answered)
    assert len(rest) == 2
    assert "s0" not in rest


def test_answers_of_people_come_first_and_only_the_named_samples_count() -> None:
    reviewed = _reviewed(s0="query")
    among = pa.array(["s0", "s1", "s2"])
    found = with_given_labels(_corpus(in_hold_out=False), _read, reviewed, among)
    assert list(zip(found["sample_id"].to_pylist(), found["provenance"].to_pylist(), strict=True)) == [
        ("s0", "human"),
        ("s1", "imported"),
    ]
    assert with_given_labels(_corpus(), _read, reviewed, among) is reviewed


def test_where_the_labels_stand_is_told_as_json_and_makes_its_readers_stale() -> None:
    assert given_labels_text(_corpus()) is None
    assert json.loads(str(given_labels_text(_corpus(in_hold_out=True))))["in_hold_out"] is True
    assert [step for step in ("classifier", "proposals", "labels", "release") if reads_given_labels(step)] == [
        "classifier",
        "labels",
    ]
