"""Clusters of a corpus that are checked, from its YAML to its labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reviewed_rows import reviewed
from schema_tables import table
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.corpus import Corpus
from data_engine.runtime.deciders.tree import opinion_of_tree, tree_of


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProject]:
    """A corpus whose tree decides before the classifier, run to its labels with one round."""
    folder = tmp_path_factory.mktemp("tree")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "home"))
        patch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        (folder / "home").mkdir()
        project = SmallProject(folder)
        patch.syspath_prepend(str(folder))
        write_notes(folder / "source", "may", 300, 3)
        corpus = notes_corpus(Path("source"), tree={"n_clusters": [40, 6]})
        corpus["subset"] = {"target_size": 280, "compare_with": []}
        corpus["labels"] |= {  # type: ignore[operator]
            "hold_out_size": 80,
            "target_precision": 0.75,
            "deciders": [
                {"name": "tree", "least_agreement": 0.7, "checks_per_leaf": 8, "checks_per_round": 60},
                "classifier",
                "person",
            ],
        }
        project.add(corpus)
        project.said = project.run("notes")
        yield project


@pytest.fixture(autouse=True)
def home(checked: SmallProject, engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(checked.folder / "home"))
    monkeypatch.setenv("DATA_ENGINE_DATA", str(checked.folder / "data"))


def _rows(checked: SmallProject, name: str) -> list[dict[str, Any]]:
    return list(checked.load().runtime("notes").store().read(name).to_pylist())


def test_checks_are_asked_blindly_in_the_batches_of_the_rounds(checked: SmallProject) -> None:
    assert "held" not in checked.said
    asked = [row for row in _rows(checked, "reviewed_labels") if row["purpose"] == "leaf"]
    assert asked
    assert {(row["arm"], row["proposed_label"]) for row in asked} == {("blind", None)}
    per_batch = [row["review_batch"] for row in asked]
    assert max(map(per_batch.count, per_batch)) <= 60
    held_out = {row["sample_id"] for row in _rows(checked, "reviewed_labels") if row["purpose"] == "hold_out"}
    assert not held_out & {row["sample_id"] for row in asked}


def test_clusters_that_pass_label_the_rest_of_them_and_say_by_which_bound(checked: SmallProject) -> None:
    taken = [row for row in _rows(checked, "proposals") if row["route"] == "tree"]
    assert taken
    assert all(row["reason"].startswith("tree: lower bound of agreement 0.") for row in taken)
    assert all(" checked samples of cluster " in row["reason"] for row in taken)
    assert all(row["gate_lower_bound"] >= 0.75 for row in taken)
    answered = {row["sample_id"] for row in _rows(checked, "reviewed_labels")}
    labels = {row["sample_id"]: row for row in _rows(checked, "labels")}
    by_tree = [labels[row["sample_id"]] for row in taken if row["sample_id"] not in answered]
    assert by_tree
    assert {(row["provenance"], row["classifier_version"], row["n_annotations"]) for row in by_tree} == {
        ("model_auto", None, 0)
    }
    costs = {row["decider"]: row["n_labels"] for row in _rows(checked, "costs")}
    assert costs["tree"] == len(by_tree)


CORPUS = {
    "name": "c",
    "source": {"kind": "jsonl", "path": "x"},
    "subset": {"target_size": 10},
    "labels": {
        "question": "?",
        "classes": ["baking", "sailing"],
        "target_precision": 0.9,
        "deciders": ["classifier", "tree", "person"],
    },
}


CHOSEN = [f"{kind}{n}" for kind in "has" for n in range(40)]


def _read(name: str, *, columns: Any = None, among: Any = None) -> pa.Table:
    clusters = [{"level": 1, "cluster": 0, "parent": None}]
    assigned = [{"sample_id": f"{kind}{n}", "leaf": 0} for kind in "chas" for n in range(40)]
    return table(name, clusters if name == "cluster_tree" else assigned).select(columns)


def _answers(audits: str, n_audits: int) -> pa.Table:
    rows = [(f"c{n}", "baking", "control") for n in range(20)] + [(f"h{n}", "baking", "hold_out") for n in range(30)]
    return reviewed(*rows, *((f"a{n}", audits, "audit") for n in range(n_audits)))


def test_the_part_of_the_hold_out_that_reaches_the_tree_certifies_it_and_audits_shut_it() -> None:
    corpus = Corpus.model_validate(CORPUS)
    answers = _answers("sailing", 8)
    tree = tree_of(corpus, _read, answers)
    assert tree is not None
    assert tree.labels.node_of[0].n_checked == 20
    shut = opinion_of_tree(tree, corpus, answers, CHOSEN, set)(["s1"])
    assert shut.why(0).startswith("shut by its audits: 0 of 8 right")
    assert not shut.is_sure.any()
    fine = _answers("baking", 8)
    assert opinion_of_tree(tree, corpus, fine, CHOSEN, set)(["s1"]).is_sure.all()
    few = opinion_of_tree(tree, corpus, fine, CHOSEN, lambda ids: {each for each in ids if each in ("h1", "h2", "s1")})(
        ["s1"]
    )
    assert few.why(0) == "no gate: the hold-out does not certify a precision of 0.9"


def test_a_corpus_that_names_no_tree_asks_and_decides_as_before() -> None:
    corpus = Corpus.model_validate(CORPUS | {"labels": CORPUS["labels"] | {"deciders": ["classifier", "person"]}})  # type: ignore[operator]
    assert tree_of(corpus, _read, _answers("baking", 1)) is None
