"""Ten texts for the contract of all modalities, and files that are no texts."""

import json
from pathlib import Path
from typing import Any

from small_project import make_notes


def write_samples(folder: Path) -> dict[str, Any]:
    """Ten samples, of which the last nearly repeats the first; gives what the corpus' description says of them."""
    texts = [f"{row['text']}. {other['text']}" for row, other in zip(make_notes(9, 1), make_notes(9, 2), strict=True)]
    for number, text in enumerate([*texts, f"{texts[0]}!"]):
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return {"source": {"kind": "folder", "path": str(folder), "max_sample_bytes": 10_000}}


def write_bad(folder: Path) -> None:
    """Files that cannot be read: cut within a character of UTF-16, bytes under a wrong ending, and one that is too
    large."""
    (folder / "bad_cut.txt").write_bytes("\ufeffa text of some length".encode("utf-16-le")[:-1])
    (folder / "bad_ending.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    (folder / "bad_size.txt").write_text("long " * 4_000, "utf-8")


def test_the_words_of_the_contract_are_written_once_a_file(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert len(list(tmp_path.iterdir())) == 10
    assert json.dumps(sorted(path.read_text("utf-8") for path in tmp_path.iterdir()))
