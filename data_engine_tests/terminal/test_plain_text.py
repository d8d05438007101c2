from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from data_engine.terminal.plain_text import counted, plain, shown


@pytest.mark.parametrize(
    ("given_text", "printed"),
    [
        ("\x1b[2J red", "\\x1b[2J red"),
        ("a\x9b31m b\x07\x7f", "a\\x9b31m b\\x07\\x7f"),
        ("two\r\nlines\tand\rback", "two\nlines\tand\\x0dback"),
        ("turned \u202e round", "turned \\u202e round"),
        ("half \udc80", "half \\udc80"),
        ("[bold]not[/bold] [/x] :smile:", "[bold]not[/bold] [/x] :smile:"),
        ("Übung 東京 \N{GRINNING FACE}", "Übung 東京 \N{GRINNING FACE}"),
    ],
)
def test_control_characters_are_written_out_and_nothing_else_changes(given_text: str, printed: str) -> None:
    assert shown(given_text) == printed
    console = Console(file=StringIO(), width=200)
    console.print(plain(given_text))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().replace("        ", "\t").startswith(printed.split("\t")[0])
    assert "\x1b" not in console.file.getvalue()


@given(st.text(alphabet=st.characters(), max_size=60))
def test_no_text_writes_to_a_terminal_or_is_read_as_markup(text: str) -> None:
    assert shown(shown(text)) == shown(text)
    console = Console(file=StringIO(), width=1000, soft_wrap=True)
    console.print(plain(text))
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue()
    printed.encode()
    assert not any(ord(character) < 32 and character not in "\t\n" for character in printed)
    # How wide a tab is depends on the width of what is before it.
    assert [line.split() for line in shown(text).split("\n")] == [
        line.split() for line in printed.removesuffix("\n").split("\n")
    ]


def test_a_text_of_rich_stays_with_its_style() -> None:
    styled = Text("bold", style="bold")
    assert plain(styled) is styled
    assert plain("dim", "dim").style == "dim"
    assert plain(None).plain == "None"


def test_one_of_a_thing_has_no_plural() -> None:
    assert [counted(n, "row") for n in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]
