"""Duplicates through the whole graph: what goes, for whom, with which score, and how each kind is switched off."""

import json
import shutil
from collections import Counter
from io import StringIO
from pathlib import Path

import dagster as dg
import pyarrow.compute as pc
import pytest
from rich.console import Console
from small_project import SmallProject, make_notes, notes_corpus
from ticking import Ticking

from data_engine.orchestration.launch.commands import backfill_batches
from data_engine.orchestration.launch.runner import OneCommandRun
from data_engine.orchestration.names import asset_key
from data_engine.terminal.why import decisions_about

#: No two of them are alike; `indeed` at the end makes a near copy of one.
NOTES = [f"{row['text']} {number} {'abcdefghij'[number % 10] * 9}" for number, row in enumerate(make_notes(90, 5))]


def _write(project: SmallProject, batch: str, texts: list[str]) -> None:
    folder = project.folder / "source"
    folder.mkdir(exist_ok=True)
    rows = [{"id": f"{batch}-{number}", "text": text} for number, text in enumerate(texts)]
    (folder / f"{batch}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _describe(project: SmallProject, cosine: object, similarity: object, **first_pass: object) -> None:
    project.add(
        notes_corpus(
            Path("source"),
            tree={"n_clusters": [8, 2], "max_iterations": 5},
            subset={"target_size": 60, "semantic_duplicate_cosine": cosine, "compare_with": []},
            first_pass={"near_duplicate_similarity": similarity, **first_pass},
            review={},
            known_label_column=None,
        )
    )


def _kept(project: SmallProject) -> dict[str, str]:
    """Id to text of what the first pass kept."""
    store = project.load().runtime("notes").store()
    kept = {row["sample_id"] for row in store.read("first_pass").to_pylist() if row["verdict"] == "kept"}
    return {row["sample_id"]: row["text"] for row in store.read("raw_index").to_pylist() if row["sample_id"] in kept}


def test_a_semantic_duplicate_goes_for_what_was_accepted_before_and_the_ledger_says_so(project: SmallProject) -> None:
    _write(project, "may", [*NOTES, f"{NOTES[0]} indeed"])
    _describe(project, 0.9, False)
    project.run("notes")
    runtime = project.load().runtime("notes")
    texts = _kept(project)
    [repeat] = runtime.store().read("semantic_duplicates").to_pylist()
    assert {texts[repeat["sample_id"]], texts[repeat["duplicate_of"]]} == {NOTES[0], f"{NOTES[0]} indeed"}
    decided = decisions_about(runtime, repeat["sample_id"]).to_pylist()[4]
    assert (decided["step"], decided["verdict"]) == ("balanced_subset", "rejected")
    assert decided["reason"] == f"semantic_duplicate of {repeat['duplicate_of']}"
    assert decided["threshold"] == 0.9 <= decided["score"] == repeat["score"] < 1

    # By its name this batch would come first, but what was accepted stays.
    _write(project, "april", [f"{text} indeed" for text in NOTES[1:9]])
    project.run("notes")
    repeats = runtime.store().read("semantic_duplicates").to_pylist()
    assert sorted(row["batch"] for row in repeats) == ["april.jsonl"] * 8 + ["may.jsonl"]
    assert {texts[row["duplicate_of"]] for row in repeats if row["batch"] == "april.jsonl"} == set(NOTES[1:9])
    assert not {row["sample_id"] for row in repeats} & set(
        runtime.store().read("balanced_subset")["sample_id"].to_pylist()
    )
    assert runtime.store().read("ledger", partition={"step": "balanced_subset"}).num_rows == 99


def _ingest(project: SmallProject, *only: str) -> str:
    """Bring the batches up to date, and what was printed; nothing is clustered."""
    loaded, console = project.load(), Console(file=StringIO(), width=110, highlight=False)
    with dg.DagsterInstance.get() as instance:
        OneCommandRun(loaded.runtime("notes"), loaded.definitions, instance, console).ingest(only)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_what_a_batch_kept_stays_when_a_copy_comes_on_an_earlier_line_of_its_file(project: SmallProject) -> None:
    _write(project, "april", [*NOTES[:5], NOTES[80]])
    _describe(project, None, 0.8)
    _ingest(project)
    _write(project, "april", [f"{NOTES[80]} then", *NOTES[:5], NOTES[80]])
    _ingest(project)
    assert set(_kept(project).values()) == {*NOTES[:5], NOTES[80]}


def _ingested_copy(project: SmallProject) -> str:
    """May's near copy of a sample of April, which went for it."""
    copy = f"{NOTES[80]} indeed"
    _write(project, "april", [*NOTES[:5], NOTES[80]])
    _write(project, "may", [*NOTES[5:10], copy])
    _describe(project, None, 0.8)
    _ingest(project)
    return copy


def test_when_a_sample_leaves_the_one_that_went_for_it_comes_back(project: SmallProject) -> None:
    copy = _ingested_copy(project)
    assert set(_kept(project).values()) == {*NOTES[:10], NOTES[80]}
    _write(project, "april", NOTES[:5])
    assert "may.jsonl is judged again: what 1 of its duplicates repeat is gone" in _ingest(project, "april.jsonl")
    assert set(_kept(project).values()) == {*NOTES[:10], copy}
    assert _ingest(project) == ""


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_backfill_judges_again_what_repeats_something_that_its_batches_no_longer_hold(
    project: SmallProject, n_processes: int
) -> None:
    copy = _ingested_copy(project)
    _write(project, "april", NOTES[:5])
    said = Console(file=StringIO(), width=110, highlight=False)
    assert backfill_batches(project.load(), "notes", ["april.jsonl"], console=said, n_processes=n_processes)
    assert set(_kept(project).values()) == {*NOTES[:10], copy}
    assert isinstance(said.file, StringIO)
    assert "may.jsonl is judged again: what 1 of its duplicates repeat is gone" in said.file.getvalue()


def test_the_sensor_asks_once_for_batches_whose_duplicates_have_lost_their_twin(
    project: SmallProject, instance: dg.DagsterInstance
) -> None:
    copy = _ingested_copy(project)
    new_batches = Ticking(project, "new_batches", instance)
    assert new_batches.tick() == []
    _write(project, "april", NOTES[:5])
    [changed] = new_batches.tick()
    assert changed.partition_key == "april.jsonl"
    new_batches.execute(changed)
    [bereft] = new_batches.tick()
    assert bereft.partition_key == "may.jsonl"
    assert new_batches.tick() == []
    new_batches.execute(bereft)
    assert set(_kept(project).values()) == {*NOTES[:10], copy}
    assert new_batches.tick() == []
    assert "no duplicate has lost its twin" in str(new_batches.skipped)


def test_when_new_rules_reject_a_sample_the_one_that_went_for_it_comes_back(project: SmallProject) -> None:
    _write(project, "may", [*NOTES[5:10], f"{NOTES[80]} {{x}}"])
    _describe(project, None, 0.8)
    _ingest(project)
    _write(project, "april", [*NOTES[:5], NOTES[80]])
    _ingest(project)
    assert NOTES[80] not in _kept(project).values()
    # April comes first in a run, and is judged against what the old rules kept of May.
    _describe(project, None, 0.8, rules={"curly_braces": 0})
    _ingest(project)
    assert set(_kept(project).values()) == {*NOTES[:10], NOTES[80]}
    assert _ingest(project) == ""


def test_fuzzy_and_semantic_duplicates_can_be_off_and_equal_content_stays_one_sample(project: SmallProject) -> None:
    _write(project, "may", [*NOTES, f"{NOTES[0]} indeed", NOTES[1]])
    _describe(project, None, False)
    project.run("notes")
    store = project.load().runtime("notes").store()
    assert set(_kept(project).values()) == {*NOTES, f"{NOTES[0]} indeed"}
    assert store.read("first_pass")["reason"].to_pylist().count("exact_duplicate") == 1
    assert store.read("semantic_duplicates").num_rows == 0

    # What was kept while the rule was off has a sketch, so that a later batch is compared with it.
    _describe(project, None, 0.8)
    _write(project, "june", [f"{text} indeed" for text in NOTES[2:4]])
    project.run("notes", "june.jsonl")
    june = [row for row in store.read("first_pass").to_pylist() if row["batch"] == "june.jsonl"]
    texts = _kept(project)
    assert {(row["reason"], texts[row["duplicate_of"]]) for row in june} == {
        ("near_duplicate", NOTES[2]),
        ("near_duplicate", NOTES[3]),
    }


def test_judging_a_batch_again_later_and_without_the_index_decides_the_same(project: SmallProject) -> None:
    _write(project, "april", NOTES[:70])
    _write(project, "june", [*NOTES[70:], *NOTES[:3], *(f"{text} indeed" for text in NOTES[3:6])])
    _write(project, "may", [*NOTES[10:13], f"{NOTES[80]} indeed"])
    _describe(project, None, 0.8, min_kept_share=0.0)
    assert "held" not in project.run("notes")
    runtime = project.load().runtime("notes")
    before = runtime.store().read("first_pass").sort_by("uri")
    reasons = {batch: before.filter(pc.equal(before["batch"], f"{batch}.jsonl"))["reason"] for batch in ("june", "may")}
    assert Counter(reasons["june"].to_pylist()) == {"kept": 20, "exact_duplicate": 3, "near_duplicate": 3}
    assert Counter(reasons["may"].to_pylist()) == {"exact_duplicate": 3, "near_duplicate": 1}

    shutil.rmtree(runtime.corpus_folder / "accepted")
    loaded = project.load()
    with dg.DagsterInstance.get() as instance:
        assets = loaded.definitions.resolve_asset_graph().assets_defs
        for batch in ("april.jsonl", "june.jsonl", "may.jsonl"):
            dg.materialize(assets, instance=instance, partition_key=batch, selection=[asset_key(runtime, "first_pass")])
    assert runtime.store().read("first_pass").sort_by("uri").equals(before)


@pytest.mark.parametrize("value", [0, 1.5, True, "low"])
def test_a_similarity_is_above_zero_and_at_most_one_or_off(value: object) -> None:
    from pydantic import ValidationError

    from data_engine.corpus import Subset

    with pytest.raises(ValidationError, match="semantic_duplicate_cosine"):
        Subset.model_validate({"target_size": 1, "semantic_duplicate_cosine": value})
