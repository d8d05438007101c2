"""Forgetting a sample as it is typed, and the proof: no byte below data folder and Dagster home has its text."""

import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
from click.testing import CliRunner
from searched_bytes import files_with
from small_project import SmallProject

from data_engine.cli import main
from data_engine.orchestration.launch.upkeep.erasing import _erase_history
from data_engine.releasing.release_marks import pin_release
from data_engine.runtime.step_run import execute
from data_engine.storage import float_rows


def _type(*words: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(main, words, input=answer)
    return done.exit_code, done.output


def test_no_byte_of_a_forgotten_sample_is_left_and_it_does_not_come_back(
    finished: SmallProject, engine_folder: Path, monkeypatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    runtime = finished.load().runtime("notes")
    store = runtime.store()
    release = finished.release("notes")
    released = pa.table(store.read("release"))
    asked = store.read("reviewed_labels")["sample_id"]
    sample = released.filter(pc.is_in(released["sample_id"], value_set=asked.combine_chunks())).to_pylist()[0]
    sample_id, text, batch = sample["sample_id"], sample["text"], sample["batch"]
    embedded = store.read("embeddings", among={"sample_id": pa.array([sample_id])})
    vector = float_rows(embedded["embedding"])[0].tobytes()
    pin_release(runtime.corpus_folder, release, {"by": "ada", "why": "the paper", "at": ""})

    # Before, it is in many places; half of the text is looked for as well, for what is cut short.
    needles = (text, text[: len(text) // 2], text[len(text) // 2 :], vector)
    before = files_with(engine_folder, *needles)
    assert {name.split("/")[0] for name in before} >= {"data", "home"}
    assert {vector[:40].decode("utf-8", "replace")} <= {form for there in before.values() for form in there}

    assert _type("forget", sample_id, "--corpus", "notes")[1].startswith("Error: a sample is forgotten for a reason")
    status, said = _type("forget", sample_id, "--corpus", "notes", "--reason", "asked for", answer="n\n")
    assert (status, "nothing was forgotten" in said) == (0, True)
    assert f"release {release} holds 1 of them" in said
    assert f"the source still has it at {batch}" in said
    status, said = _type("forget", sample_id, "--corpus", "notes", "--reason", "asked for", "--yes")
    assert status == 0, said

    assert files_with(engine_folder, *needles) == {}
    # Its id is where it has to be, and nowhere else.
    places = ["data/notes/release_marks.json", "data/notes/tombstones.json"]
    assert sorted(files_with(engine_folder, sample_id, bytes.fromhex(sample_id))) == places
    (stone,) = json.loads((runtime.corpus_folder / "tombstones.json").read_text("utf-8"))
    assert (stone["sample_id"], stone["reason"], stone["releases"]) == (sample_id, "asked for", [release])

    # The release was made anew: whole, pinned as before, and marked.
    (row,) = json.loads(_type("release", "list", "--corpus", "notes", "--format", "json")[1])
    assert row["release_id"] != release
    assert (row["n_samples"], row["pinned"], row["n_forgotten"]) == (released.num_rows - 1, "the paper", 1)
    assert _type("release", "verify", "--corpus", "notes")[0] == 0

    # Other answers are there, and the batch is read without the sample.
    with runtime.queue() as queue:
        assert queue.count_answers("notes") > 0
    _, raw = execute(runtime, "raw_index", batch, run_id="again")
    assert sample_id not in raw.table["sample_id"].to_pylist()
    assert raw.table.num_rows > 0
    assert files_with(engine_folder, text) == {}
    assert "was forgotten on" in _type("why", sample_id, "--corpus", "notes")[1]


@dg.asset(key=["notes", "raw_index"])
def _of_notes() -> None: ...


def test_runs_that_ended_before_the_sample_came_stay(notes: SmallProject, instance: dg.DagsterInstance) -> None:
    runtime = notes.load().runtime("notes")
    before = dg.materialize([_of_notes], instance=instance, tags={"corpus": "notes"}).run_id
    arrived_at = datetime.now(UTC)
    after = dg.materialize([_of_notes], instance=instance, tags={"corpus": "notes"}).run_id
    _erase_history(runtime, instance, arrived_at)
    left = {run.run_id for run in instance.get_runs()}
    assert before in left
    assert after not in left
    # Of samples that came nobody knows when, all runs go.
    _erase_history(runtime, instance, None)
    assert before not in {run.run_id for run in instance.get_runs()}
