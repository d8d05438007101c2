from io import StringIO

import pyarrow as pa
from rich.console import Console

from data_engine.terminal.tables import print_table


def _lines(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def _console() -> Console:
    return Console(file=StringIO(), width=200)


def test_a_table_is_printed_with_its_first_rows_and_their_number() -> None:
    console = _console()
    values = {"n": list(range(3)), "name": ["[a]", None, "c"], "share": [0.5, 0.25, 1.0], "sketch": [b"12", b"", b"3"]}
    print_table(pa.table(values), console=console, limit=2)
    header, _, *rows, count = _lines(console)
    assert header == "n ┃ name ┃ share ┃ sketch"
    assert rows == ["0 │ [a] │ 0.5 │ 2 bytes", "1 │ │ 0.25 │ 0 bytes"]
    assert count == "3 rows, 2 shown"


def test_a_table_that_is_printed_whole_says_nothing_of_a_part() -> None:
    console = _console()
    print_table(pa.table({"n": [1]}), console=console)
    assert _lines(console)[-1] == "1 row"


def test_columns_of_one_name_keep_their_own_values_and_names_are_no_markup() -> None:
    console = _console()
    columns = [pa.array([1]), pa.array([2]), pa.array(["[/x]"]), pa.array(["\x1b[2J"])]
    print_table(pa.Table.from_arrays(columns, names=["a", "a", "[/b]", "c\x1b"]), console=console)
    header, _, row, count = _lines(console)
    assert header == "a ┃ a ┃ [/b] ┃ c\\x1b"
    assert row == "1 │ 2 │ [/x] │ \\x1b[2J"
    assert count == "1 row"


def test_a_table_without_rows_has_its_header_and_one_without_columns_its_number() -> None:
    console = _console()
    print_table(pa.table({"n": pa.array([], pa.int64())}), console=console)
    assert _lines(console)[-1] == "0 rows"
