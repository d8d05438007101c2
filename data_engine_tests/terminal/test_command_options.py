import getpass

import click
import pytest
from click.testing import CliRunner

from data_engine.terminal.command_options import CORPUS, PRINTED_AS, user_name


@click.command()
@CORPUS
@PRINTED_AS
def _command(corpus: str | None, form: str) -> None:
    click.echo(f"{corpus} {form}")


def test_a_corpus_may_be_left_out_and_rows_are_printed_in_one_of_three_formats() -> None:
    runner = CliRunner()
    assert runner.invoke(_command, []).output == "None table\n"
    assert runner.invoke(_command, ["--corpus", "notes", "--format", "json"]).output == "notes json\n"
    assert "'xml' is not one of 'table', 'csv', 'json'" in runner.invoke(_command, ["--format", "xml"]).output


def test_a_user_that_the_system_does_not_know_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "maria")
    assert user_name() == "maria"

    def unknown() -> str:
        raise OSError("no user of this number")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert user_name() == ""
