"""The commands forget, reset and recheck as they are typed."""

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import take_in

from data_engine.cli import main
from data_engine.orchestration.names import batch_partitions
from data_engine.runtime.corpus_runtime import CorpusRuntime


@pytest.fixture
def runtime(notes: SmallProject, monkeypatch: pytest.MonkeyPatch) -> CorpusRuntime:
    """The corpus `notes` with two batches that were taken in, of which the source has one."""
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    made = notes.load().runtime("notes")
    for batch in ("may.jsonl", "gone.jsonl"):
        take_in(made, batch, [{"sample_id": batch[0], "text": batch}])
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(batch_partitions(made).name or "", ["may.jsonl", "gone.jsonl"])
    return made


def _type(*words: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(main, words, input=answer)
    return done.exit_code, done.output


def _batches(runtime: CorpusRuntime) -> tuple[set[str], set[str]]:
    with dg.DagsterInstance.get() as instance:
        partitions = set(instance.get_dynamic_partitions(batch_partitions(runtime).name or ""))
    return set(runtime.store().read("raw_index", columns=["batch"])["batch"].to_pylist()), partitions


def test_forget_asks_and_takes_out_only_what_was_named(runtime: CorpusRuntime) -> None:
    both = {"may.jsonl", "gone.jsonl"}
    status, said = _type("forget", "notes", "--batch", "gone.jsonl", answer="n\n")
    assert status == 0
    assert "1 raw samples of gone.jsonl leave every table of notes" in said
    assert "the source still has" not in said
    assert _batches(runtime) == (both, both)
    assert _type("forget", "notes", "--batch", "gone.jsonl", answer="y\n")[0] == 0
    assert _batches(runtime) == ({"may.jsonl"}, {"may.jsonl"})
    status, said = _type("forget", "notes", "--batch", "gone.jsonl", "--yes")
    assert (status, said) == (1, "Error: the corpus has no batch 'gone.jsonl'; it has may.jsonl\n")
    said = _type("forget", "notes", "--batch", "may.jsonl", "--yes")[1]
    assert "the source still has may.jsonl: the next run takes it in again" in said


def test_reset_asks_and_answers_go_only_by_the_name_of_the_corpus(runtime: CorpusRuntime, engine_folder: Path) -> None:
    tables = engine_folder / "data" / "notes" / "tables"
    assert "nothing was deleted" in _type("reset", "notes", answer="n\n")[1]
    assert "nothing was deleted" in _type("reset", "notes", "--answers", answer="y\n")[1]
    assert tables.is_dir()
    assert _type("reset", "notes", "--answers", answer="notes\n")[0] == 0
    assert not tables.exists()
    assert _type("reset", "notes", "--yes")[0] == 0


def test_recheck_says_what_failed_and_what_it_says_now(runtime: CorpusRuntime) -> None:
    assert _type("recheck", "notes") == (0, "no check has failed\n")
