"""What stays of a corpus of images when one of them is forgotten, and that no byte of it does."""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from searched_bytes import files_with
from small_project import make_notes, notes_corpus
from written_steps import pass_checks, write_step

from data_engine.corpus import Corpus
from data_engine.runtime.amendments.forgotten_samples import forget_samples, forgetting_of
from data_engine.runtime.amendments.kept_batches import kept_batches
from data_engine.runtime.amendments.tombstones import Tombstone, add_tombstones
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import step_versions
from data_engine.schemas import ALARMS
from data_engine.storage.cleaning.old_versions import pieces_of

_NOW = datetime(2026, 5, 1, tzinfo=UTC)
_AFTER = ("cluster_tree", "balanced_subset", "quality_report", "release")


def _squares(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """Three batches of ten images; the last of each is twice there, in the first batch too."""
    values = np.random.default_rng(1)
    for batch in ("monday", "tuesday", "wednesday"):
        (folder / "source" / batch).mkdir(parents=True)
        for number in range(10):
            image = Image.fromarray(values.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((96, 96))
            image.save(folder / "source" / batch / f"{number}.png")
    again = folder / "source" / "wednesday" / "9.png"
    (folder / "source" / "monday" / "as-wednesday-9.png").write_bytes(again.read_bytes())
    return _corpus(folder, monkeypatch)


def _corpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    described = {
        "name": "squares",
        "seed": 3,
        "modality": "image",
        "source": {"kind": "folder", "path": "source"},
        "encoder": "colour-and-gradient-histograms",
        "tree": {"n_clusters": [12, 4], "max_iterations": 5},
        "subset": {"target_size": 20},
        "release": {"splits": {"train": 0.6, "validation": 0.2, "test": 0.2}},
    }
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
    return CorpusRuntime(Corpus.model_validate(described), folder)


def _take_in(runtime: CorpusRuntime, batches: Sequence[str], run_id: str) -> None:
    for batch in batches:
        for step in BATCH_STEPS:
            execute(runtime, step, batch, run_id=run_id)


def _finish(runtime: CorpusRuntime, run_id: str) -> str:
    """Make what comes after the batches; gives the id of the release."""
    for step in _AFTER:
        _, result = execute(runtime, step, "", run_id=run_id)
    return str(result.table["release_id"][0].as_py())


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    with pytest.MonkeyPatch.context() as patch:
        _take_in(_squares(folder, patch), ("monday", "tuesday", "wednesday"), "first")
    return folder


@pytest.fixture
def squares(_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """A copy of the corpus with all batches taken in."""
    shutil.copytree(_once, tmp_path, dirs_exist_ok=True)
    return _corpus(tmp_path, monkeypatch)


def test_no_byte_of_an_image_stays_and_what_follows_is_as_if_it_had_never_been_there(
    squares: CorpusRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _finish(squares, "first")
    store = squares.store()
    released = store.read("release").to_pylist()
    sample_id, uri = next((row["sample_id"], row["uri"]) for row in released if row["batch"] == "tuesday")
    only = {"sample_id": pa.array([sample_id])}
    numbers = np.array([int(sample_id[:16], 16), int(sample_id[16:], 16)], np.uint64).tobytes()
    bytes_of = [
        (squares.project_folder / "source" / uri).read_bytes(),
        store.read("raw_index", among=only)["thumbnail"][0].as_py(),
        store.read("first_pass", among=only)["sketch"][0].as_py(),
        store.read("embeddings", among=only)["embedding"][0].as_py(),
    ]
    needles = (sample_id, bytes.fromhex(sample_id), numbers, *bytes_of)
    alarm = dict.fromkeys(("kind", "cause", "launched"), "none") | {"value": 0.0, "threshold": 0.0}
    alarms = [{**alarm, "subject": each, "raised_at": _NOW} for each in ("tuesday", sample_id)]
    store.write("alarms", pa.Table.from_pylist(alarms, schema=ALARMS), run_id="first", code_version="1")
    there = files_with(squares.data_folder, *needles)
    assert {Path(name).parts[1] for name in there} >= {"accepted", "learnt", "releases", "tables"}

    planned = forgetting_of(squares, [sample_id])
    assert "batches: 1 of 3 to be read again; of 2 everything stays up to the vectors" in planned.told()
    forget_samples(planned, reason="asked for", now=_NOW)
    held = files_with(squares.data_folder, *needles)
    assert sorted(held) == ["squares/release_marks.json", "squares/tombstones.json"]
    assert {form for forms in held.values() for form in forms} == {sample_id}

    # What stays is not made again, and the alarm that named the sample is gone.
    versions = step_versions(store)
    assert set(versions) == {(step, day) for step in BATCH_STEPS for day in ("monday", "wednesday")}
    assert store.read("alarms")["subject"].to_pylist() == ["tuesday"]
    assert pieces_of(store, "raw_index") == [{"batch": "monday"}, {"batch": "wednesday"}]
    _take_in(squares, ["tuesday"], "second")
    made = _finish(squares, "second")
    assert {version.run_id for (step, _), version in versions.items() if step in BATCH_STEPS} == {"first"}
    assert sorted(files_with(squares.data_folder, *needles)) == sorted(held)

    never = _squares(tmp_path / "never", monkeypatch)
    add_tombstones(never, [Tombstone(sample_id, "", "")])
    _take_in(never, ("monday", "tuesday", "wednesday"), "first")
    assert _finish(never, "first") == made


_LABELLED = ("cluster_tree", "balanced_subset", "classifier", "proposals", "labels")


def _labelled_notes(folder: Path, monkeypatch: pytest.MonkeyPatch, *, without_last_of: str = "") -> CorpusRuntime:
    """Two batches of 60 notes with their labels, of which a classifier learns; one may lack its last note."""
    notes = make_notes(120, 0)
    (folder / "source").mkdir(parents=True)
    for number, batch in enumerate(("june", "may")):
        rows = notes[60 * number : 60 * number + 60 - (batch == without_last_of)]
        (folder / "source" / f"{batch}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    labels = {"given": {"column": "topic", "in_hold_out": True}, "hold_out_size": 50, "query_batch_size": 10}
    described = notes_corpus(Path("source"))
    described |= {
        "tree": {"n_clusters": [12, 4], "max_iterations": 5},
        "subset": {"target_size": 80, "method": "random"},
        "known_label_column": None,
        "review": {},
    }
    described["labels"] = {**described["labels"], **labels}
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
    return CorpusRuntime(Corpus.model_validate(described), folder)


def _finish_labels(runtime: CorpusRuntime, run_id: str) -> str:
    """Make labels and what they stand on, and a release of them; gives its id. The report is none, which takes long."""
    for step in _LABELLED:
        execute(runtime, step, "", run_id=run_id)
    pass_checks(runtime, write_step(runtime.store(), "quality_report", [{"metric": "labels", "scope": "all"}]))
    _, result = execute(runtime, "release", "", run_id=run_id)
    return str(result.table["release_id"][0].as_py())


def test_with_labels_the_release_is_that_of_a_corpus_whose_source_never_had_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = ("june.jsonl", "may.jsonl")
    never = _labelled_notes(tmp_path / "never", monkeypatch, without_last_of="may")
    _take_in(never, batches, "first")
    wanted = _finish_labels(never, "first")

    notes = _labelled_notes(tmp_path / "had", monkeypatch)
    _take_in(notes, batches, "first")
    assert _finish_labels(notes, "first") != wanted
    rows = notes.store().read("raw_index", partition={"batch": "may.jsonl"}).to_pylist()
    (gone,) = (row["sample_id"] for row in rows if row["uri"].endswith("#60"))
    planned = forgetting_of(notes, [gone])
    assert "batches: 1 of 2 to be read again; of 1 everything stays up to the vectors" in planned.told()
    forget_samples(planned, reason="asked for", now=_NOW)
    _take_in(notes, ["may.jsonl"], "second")
    assert _finish_labels(notes, "second") == wanted
    labels = notes.store().read("labels", columns=["provenance"])["provenance"].to_pylist()
    assert set(labels) == {"imported"}
    assert notes.store().read("classifier").num_rows == 1


def test_where_another_sample_may_take_its_place_every_batch_is_judged_again(squares: CorpusRuntime) -> None:
    rows = squares.store().read("first_pass").to_pylist()
    (twin,) = {row["duplicate_of"] for row in rows if row["duplicate_of"]}
    kept = kept_batches(squares, pa.array([twin]))
    assert kept.steps == {"monday": (), "tuesday": ("raw_index",), "wednesday": ()}
    planned = forgetting_of(squares, [twin])
    assert "1 stay as read and are judged again, for one may take the place of what goes" in planned.told()


def test_samples_came_with_the_first_batch_that_may_have_held_them(squares: CorpusRuntime) -> None:
    store = squares.store()
    commits = {commit.partition["batch"]: commit.committed_at for commit in store.history("raw_index") if commit.run_id}
    sample_id = store.read("raw_index", partition={"batch": "tuesday"})["sample_id"][0].as_py()
    assert kept_batches(squares, pa.array([sample_id])).arrived_at == commits["tuesday"]
    # A batch that was read twice may have lost it to another.
    execute(squares, "raw_index", "monday", run_id="again")
    kept = kept_batches(squares, pa.array([sample_id]))
    assert kept.arrived_at == commits["monday"]
    # What was made from the rows before does not stay.
    assert kept.steps == {"monday": ("raw_index",), "tuesday": (), "wednesday": BATCH_STEPS}
    assert kept_batches(squares, pa.array(["0" * 32])).arrived_at is None
