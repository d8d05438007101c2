import json
from io import StringIO
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from written_steps import notes_runtime

from data_engine.terminal.tables import print_releases, print_table


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


def test_without_a_release_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    console = _console()
    print_releases(notes_runtime(tmp_path), console=console)
    assert _lines(console) == ["no release yet; make one with data-engine run notes"]


def test_releases_come_in_the_order_in_which_they_were_made_with_their_folders(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for release_id, n_samples, day in (("aa", 1200, "2026-03-02"), ("bb", 7, "2026-03-01")):
        folder = runtime.corpus_folder / "releases" / release_id
        folder.mkdir(parents=True)
        manifest = {"release_id": release_id, "n_samples": n_samples, "created_at": day}
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    console = Console(file=StringIO(), width=400)
    print_releases(runtime, console=console)
    said = _lines(console)
    assert said[0] == "bb 7 samples 2026-03-01"
    assert said[2] == "aa 1,200 samples 2026-03-02"
    assert said[1] == str(runtime.corpus_folder / "releases" / "bb")


def test_a_broken_manifest_is_one_sentence_and_the_other_releases_are_listed(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    texts = {"aa": "{", "bb": json.dumps({"n_samples": 2, "created_at": "2026-03-01"}), "cc": "{}", "dd": None}
    for release_id, text in texts.items():
        folder = runtime.corpus_folder / "releases" / release_id
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "manifest.json").write_text(text, "utf-8")
    console = Console(file=StringIO(), width=400)
    assert not print_releases(runtime, console=console)
    said = _lines(console)
    assert said[0] == "bb 2 samples 2026-03-01"
    for line, release_id in zip(said[2:], ("aa", "cc", "dd"), strict=True):
        path = runtime.corpus_folder / "releases" / release_id / "manifest.json"
        assert line.startswith(f"the manifest of release {release_id} at {path} cannot be read (")
        assert line.endswith("; restore that file from a backup, or remove the folder if nobody uses the release")


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
