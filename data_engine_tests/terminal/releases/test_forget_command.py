import pytest
from click.testing import CliRunner
from small_project import SmallProject

from data_engine.cli import main


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("0" * 32, "--corpus", "notes"), "a sample is forgotten for a reason, which its tombstone keeps"),
        (("0" * 32, "--corpus", "notes", "--reason", "r"), "corpus notes has no sample '000"),
        (("notes", "--batch", "may.jsonl", "--reason", "r"), "--batch takes one corpus and neither --corpus nor"),
        (("notes", "other", "--batch", "may.jsonl"), "--batch takes one corpus and neither --corpus nor"),
    ],
)
def test_a_slip_forgets_nothing(
    words: tuple[str, ...], told: str, notes: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    done = CliRunner().invoke(main, ["forget", *words, "--yes"])
    assert (done.exit_code, told in done.output) == (1, True)
