"""The whole graph on a small corpus: what a run makes, repeats, resumes, holds back and explains."""

import json
import re
import shutil
from pathlib import Path

import dagster as dg
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from small_project import SmallProject, make_notes, notes_corpus, write_notes

from data_engine.cli import main
from data_engine.errors import ChecksFailed, DataEngineError, InvalidInput, UnknownSample
from data_engine.orchestration.names import asset_key
from data_engine.runtime.plan import JOBS, MADE_STEPS
from data_engine.runtime.sql_models import sql_folder
from data_engine.runtime.versions import step_versions
from data_engine.schemas import SCHEMAS
from data_engine.terminal.why import decisions_about


def _versions(project: SmallProject, corpus: str = "notes") -> dict[tuple[str, str], str]:
    store = project.load().runtime(corpus).store()
    return {key: version.data_version for key, version in step_versions(store).items()}


def _released(project: SmallProject) -> dict[str, object]:
    folder = next((project.load().runtime("notes").corpus_folder / "releases").iterdir())
    assert {path.name for path in folder.iterdir()} == {
        "data.parquet",
        "data.jsonl",
        "manifest.json",
        "croissant.json",
        "README.md",
    }
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return {"id": manifest["release_id"], **{name: manifest["files"][name] for name in ("data.jsonl", "data.parquet")}}


def test_one_command_makes_every_asset_and_a_second_one_does_no_work(finished: SmallProject) -> None:
    versions = _versions(finished)
    assert {step for step, _ in versions} == {*MADE_STEPS, "sql_models", "sql_tests"}
    assert {batch for step, batch in versions if step == "embeddings"} == {"may.jsonl", "june.jsonl", "july.jsonl"}
    store = finished.load().runtime("notes").store()
    one = {key: version for key, version in step_versions(store).items() if key == ("cluster_tree", "")}
    assert step_versions(store, "cluster_tree", "") == step_versions(store, "cluster_tree") == one
    assert step_versions(store, "embeddings", "may.jsonl").keys() == {("embeddings", "may.jsonl")}
    assert "held" not in finished.said
    assert _released(finished)["id"]
    assert "no step ran" in finished.run("notes")
    assert _versions(finished) == versions


def test_the_same_seed_gives_the_same_release(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = _released(finished)
    subset = finished.load().runtime("notes").store().read("balanced_subset")
    monkeypatch.setenv("DATA_ENGINE_DATA", str(tmp_path / "other_data"))
    (tmp_path / "other_home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "other_home"))
    finished.run("notes")
    assert finished.load().runtime("notes").store().read("balanced_subset").equals(subset)
    assert _released(finished) == before


def test_what_took_how_long_is_written_where_a_command_is_told_to(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    done = CliRunner().invoke(main, ["run", "notes", "--timings", str(tmp_path / "took.json")])
    assert done.exit_code == 0, done.output
    took = json.loads((tmp_path / "took.json").read_text("utf-8"))
    assert (took["seconds"], took["n_runs"]) == ({}, 0)
    assert took["total_s"] > 0


def test_a_new_batch_computes_only_its_own_and_is_assigned_to_the_frozen_tree(finished: SmallProject) -> None:
    before = _versions(finished)
    store = finished.load().runtime("notes").store()
    tree, chosen = store.read("cluster_tree"), set(store.read("balanced_subset")["sample_id"].to_pylist())
    compared = store.read("subset_comparison")
    write_notes(finished.folder / "source", "august", 60, 9)
    finished.run("notes")
    after = _versions(finished)
    assert {key for key in after if key not in before} == {(step, "august.jsonl") for step in JOBS["ingest"]}
    for step in ("raw_index", "first_pass", "embeddings"):
        assert all(after[step, batch] == before[step, batch] for batch in ("may.jsonl", "june.jsonl", "july.jsonl"))
    assert store.read("cluster_tree").equals(tree)
    # Its seconds too: methods are compared once per tree.
    assert store.read("subset_comparison").equals(compared)
    assert "august.jsonl" in store.read("tree_assignments")["batch"].to_pylist()
    redrawn = set(store.read("balanced_subset")["sample_id"].to_pylist())
    assert redrawn != chosen
    # A redrawn subset keeps most of what was chosen, and labelled, before.
    assert len(redrawn & chosen) >= 0.75 * len(chosen)


def test_the_tree_is_rebuilt_when_the_corpus_has_outgrown_it(notes: SmallProject) -> None:
    notes.add(notes_corpus(notes.folder / "source", subset={"target_size": 90}, review={}))
    notes.run("notes", "may.jsonl")
    store = notes.load().runtime("notes").store()
    before = set(store.read("cluster_tree")["tree_version"].to_pylist())
    notes.run("notes")
    assert set(store.read("cluster_tree")["tree_version"].to_pylist()).isdisjoint(before)


def test_changed_configuration_makes_its_step_and_what_follows_stale(finished: SmallProject) -> None:
    before, store = _versions(finished), finished.load().runtime("notes").store()
    compared = store.read("subset_comparison")
    finished.add(notes_corpus(Path("source"), subset={"target_size": 150}))
    finished.run("notes")
    after = _versions(finished)
    assert not store.read("subset_comparison").equals(compared)
    assert after["balanced_subset", ""] != before["balanced_subset", ""]
    assert after["cluster_tree", ""] == before["cluster_tree", ""]
    assert after["embeddings", "may.jsonl"] == before["embeddings", "may.jsonl"]


def test_a_bad_batch_is_held_back_with_its_reason_while_the_others_flow_on(notes: SmallProject) -> None:
    bad = notes.folder / "source" / "june.jsonl"
    good_text = bad.read_text("utf-8")
    bad.write_text("\n".join("{broken" for _ in range(50)), "utf-8")
    said = " ".join(notes.run("notes").split())
    assert "held" in said
    assert "unreadable" in said
    store = notes.load().runtime("notes").store()
    assert set(store.read("tree_assignments")["batch"].to_pylist()) == {"may.jsonl", "july.jsonl"}
    assert store.read("release").num_rows > 0

    with pytest.raises(ChecksFailed, match=r"held back by its checks \(unreadable_share_within_limit"):
        _materialize(notes, "first_pass", "june.jsonl")

    bad.write_text(good_text, "utf-8")
    assert "held" not in notes.run("notes")
    assert set(store.read("tree_assignments")["batch"].to_pylist()) == {"may.jsonl", "june.jsonl", "july.jsonl"}


def _materialize(project: SmallProject, step: str, batch: str | None) -> None:
    """Launch one step by hand, in a run of its own, without its checks."""
    loaded = project.load()
    with dg.DagsterInstance.get() as instance:
        assets = loaded.definitions.resolve_asset_graph().assets_defs
        dg.materialize(
            assets, instance=instance, partition_key=batch, selection=[asset_key(loaded.runtime("notes"), step)]
        )


def test_every_kind_of_sample_can_say_why(notes: SmallProject) -> None:
    path = notes.folder / "source" / "may.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    repeated = {**rows[0], "id": "again"}
    near = {**rows[1], "id": "near", "text": rows[1]["text"] + " indeed"}
    short = {**rows[2], "id": "short", "text": "tiny"}
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, repeated, near, short]), "utf-8")
    notes.run("notes")
    runtime = notes.load().runtime("notes")
    judged = runtime.store().read("first_pass").to_pylist()
    of_reason = {row["reason"]: row["sample_id"] for row in judged}
    assert {"kept", "exact_duplicate", "near_duplicate", "too_short"} <= set(of_reason)

    rejected = decisions_about(runtime, of_reason["too_short"]).to_pylist()
    assert [(row["step"], row["verdict"]) for row in rejected] == [("raw_index", "read"), ("first_pass", "rejected")]
    assert (rejected[1]["score"], rejected[1]["threshold"]) == (4, 8)

    twin = decisions_about(runtime, of_reason["near_duplicate"]).to_pylist()[1]
    assert twin["reason"].startswith("near_duplicate of ")
    assert 0.8 <= twin["score"] < 1

    labelled = runtime.store().read("labels")["sample_id"].to_pylist()[0]
    steps = [row["step"] for row in decisions_about(runtime, labelled[:10]).to_pylist()]
    assert steps[:5] == ["raw_index", "first_pass", "embeddings", "cluster_tree", "balanced_subset"]
    assert {"labels", "release"} <= set(steps)
    chosen = decisions_about(runtime, labelled).to_pylist()[4]
    assert chosen["verdict"] == "chosen"
    named = decisions_about(runtime, labelled).to_pylist()[3]["reason"]
    assert re.fullmatch(r"leaf \d+ \([a-z]+( · [a-z]+){0,2}\)", named)
    assert chosen["reason"].endswith(f"samples of {named}")
    assert chosen["run_id"]
    assert chosen["model_version"] == runtime.store().read("cluster_tree")["tree_version"][0].as_py()

    with pytest.raises(UnknownSample, match="no step has decided"):
        decisions_about(runtime, "f" * 32)
    with pytest.raises(InvalidInput, match="at least its first 4 digits"):
        decisions_about(runtime, "ab")


def test_every_raw_sample_has_a_verdict_in_the_ledger(finished: SmallProject) -> None:
    store = finished.load().runtime("notes").store()
    ledger = store.read("ledger")
    judged = ledger.filter(pc.equal(ledger["step"], "first_pass"))
    assert judged.num_rows == store.read("raw_index").num_rows == 360


def test_simulated_answers_are_marked_to_the_very_end(finished: SmallProject) -> None:
    assert "simulated" in finished.said
    runtime = finished.load().runtime("notes")
    reviewed = runtime.store().read("reviewed_labels")
    assert set(reviewed["provenance"].to_pylist()) == {"simulated"}
    assert all(name.startswith("simulated:") for name in reviewed["annotator"].to_pylist())
    assert set(reviewed["active_s"].to_pylist()) == {None}
    assert set(runtime.store().read("release")["provenance"].to_pylist()) <= {"simulated", "model_auto"}
    card = next((runtime.corpus_folder / "releases").glob("*/README.md")).read_text("utf-8")
    assert "simulated" in card


def test_labels_that_people_gave_are_theirs_and_the_run_waits_for_them(project: SmallProject) -> None:
    from datetime import UTC, datetime

    write_notes(project.folder / "source", "may", 200, 1)
    project.add(notes_corpus(project.folder / "source", review={}, subset={"target_size": 100}))
    said = project.run("notes")
    assert "data-engine review --corpus notes" in said
    runtime = project.load().runtime("notes")
    topics = {
        row["sample_id"]: json.loads(row["metadata"])["topic"] for row in runtime.store().read("raw_index").to_pylist()
    }
    with runtime.queue() as queue:
        while (lease := queue.next("maria", now=datetime.now(UTC), corpus="notes")) is not None:
            label = topics[lease.task.sample_id]
            queue.submit(lease.lease_id, lease.lease_id, label=label, now=datetime.now(UTC), active_s=1.0)
    project.run("notes")
    provenances = set(runtime.store().read("labels")["provenance"].to_pylist())
    assert "human" in provenances
    assert "simulated" not in provenances


def test_a_folder_of_plain_files_is_a_corpus_and_touches_no_python(project: SmallProject) -> None:
    for number, row in enumerate(make_notes(90, 5)):
        folder = project.folder / "letters" / ("spring" if number % 2 else "autumn")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(row["text"], "utf-8")
    project.add(
        {
            "name": "letters",
            "source": {"kind": "folder", "path": "letters"},
            "encoder": "hashed-ngrams",
            "tree": {"n_clusters": [20, 5]},
            "subset": {"target_size": 40},
            "labels": {"question": "About?", "classes": ["baking", "sailing"], "hold_out_size": 50},
        }
    )
    said = project.run("letters")
    assert "ok" in said
    runtime = project.load().runtime("letters")
    assert runtime.store().read("balanced_subset").num_rows == 40
    with runtime.queue() as queue:
        assert queue.open_tasks("letters") > 0


def test_an_only_batch_that_the_source_does_not_have_is_an_error(notes: SmallProject) -> None:
    with pytest.raises(InvalidInput, match=r"no batches \['march'\]"):
        notes.run("notes", "march")


def test_a_target_size_above_the_pool_names_both_numbers(notes: SmallProject) -> None:
    notes.add(notes_corpus(notes.folder / "source", subset={"target_size": 100_000}))
    with pytest.raises(DataEngineError, match=r"100,?000.*3\d\d"):
        notes.run("notes")


def test_what_a_batch_that_is_held_back_shares_with_another_is_kept_by_the_other(notes: SmallProject) -> None:
    rows = make_notes(10, 77)
    short = [{"id": f"short-{number}", "text": "tiny", "topic": "baking"} for number in range(90)]
    held = [*short, *rows]
    source = notes.folder / "source"
    (source / "april.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held), "utf-8")
    (source / "may.jsonl").write_text(
        (source / "may.jsonl").read_text("utf-8")
        + "".join(json.dumps({**row, "id": f"copy-{row['id']}"}) + "\n" for row in rows),
        "utf-8",
    )
    assert "held" in notes.run("notes")
    table = notes.load().runtime("notes").store().read("first_pass").to_pylist()
    shared = {row["sample_id"] for row in table if row["batch"] == "april.jsonl" and row["verdict"] == "kept"}
    kept_by_may = {row["sample_id"] for row in table if row["batch"] == "may.jsonl" and row["verdict"] == "kept"}
    assert len(shared) == 10
    assert shared <= kept_by_may

    # The remedy that the check names is enough: nothing has to be read again.
    notes.add(notes_corpus(source, first_pass={"min_kept_share": 0.0}))
    assert "held" not in notes.run("notes")


def test_what_is_accepted_is_read_from_an_index_that_can_be_lost_at_any_time(notes: SmallProject) -> None:
    rows = make_notes(3, 77)
    source = notes.folder / "source"
    notes.add(notes_corpus(source, subset={"target_size": 90}, review={}))
    for batch, changed in (("may", ""), ("june", ""), ("july", " indeed")):
        with (source / f"{batch}.jsonl").open("a", encoding="utf-8") as file:
            copies = ({**row, "id": f"{batch}-{row['id']}", "text": row["text"] + changed} for row in rows)
            file.writelines(json.dumps(row) + "\n" for row in copies)
    notes.run("notes", "may.jsonl")
    notes.run("notes", "june.jsonl")
    index = notes.load().runtime("notes").corpus_folder / "accepted"
    (segment,) = index.iterdir()
    segment.write_bytes(segment.read_bytes()[:1000])
    notes.run("notes", "july.jsonl")
    assert len(list(index.iterdir())) == 2
    judged = notes.load().runtime("notes").store().read("first_pass").to_pylist()
    first = [row["sample_id"] for row in judged if row["batch"] == "may.jsonl" and row["verdict"] == "kept"]
    found = {
        batch: [row["duplicate_of"] for row in judged if row["batch"] == batch and row["reason"] == reason]
        for batch, reason in (("june.jsonl", "exact_duplicate"), ("july.jsonl", "near_duplicate"))
    }
    assert [len(twins) for twins in found.values()] == [3, 3]
    assert {twin for twins in found.values() for twin in twins} <= set(first)


def test_a_subset_of_another_size_from_a_single_launch_does_not_stay(finished: SmallProject) -> None:
    loaded = finished.load()
    with dg.DagsterInstance.get() as instance:
        dg.materialize(
            loaded.definitions.resolve_asset_graph().assets_defs,
            instance=instance,
            selection=[asset_key(loaded.runtime("notes"), "balanced_subset")],
            run_config={"ops": {"notes__balanced_subset": {"config": {"target_size": 30}}}},
            raise_on_error=False,
        )
    store = loaded.runtime("notes").store()
    assert store.read("balanced_subset").num_rows == 30
    finished.run("notes")
    assert store.read("balanced_subset").num_rows == 180


def test_a_run_names_the_sql_tests_that_fail_as_long_as_they_do(finished: SmallProject) -> None:
    assert "fails" not in finished.said
    own = finished.folder / "dbt_like_sql"
    shutil.copytree(sql_folder(finished.load().runtime("notes")), own)
    broken = own / "tests" / "no_batch_is_called_may.sql"
    broken.write_text("-- None.\nselect uri from {{ ref('stg_raw_index') }} where batch = 'may.jsonl'\n", "utf-8")
    finished.run("notes")
    # What was run last is forgotten, so that the tests run again.
    store, piece = finished.load().runtime("notes").store(), {"step": "sql_models", "batch": ""}
    nothing = SCHEMAS["step_versions"].empty_table()
    store.write("step_versions", nothing, partition=piece, run_id="somebody", code_version="1")
    for _ in range(2):
        said = " ".join(finished.run("notes").split())
        assert "fails no_batch_is_called_may: " in said
        assert " 120 rows break it; no_batch_is_called_may.sql selects them" in said
        assert said.count("fails") == 1
