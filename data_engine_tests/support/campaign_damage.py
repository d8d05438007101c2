"""Damage of a finished data folder: every kind of file, in every way a disk, a copy or a person leaves it.

Deaths of commands are in `campaign_kills.py`.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from flipped_bits import flip_a_bit

#: Files that hold nothing: what locks, and what a running command reads only while it is being killed.
_HOLDS_NOTHING = (".lock", ".log", "said.txt")


def kinds_of_files(data: Path) -> dict[str, list[Path]]:
    """All files below a data folder by what they hold, for example `raw_index parquet` or `release`."""
    found: dict[str, list[Path]] = {}
    for path in sorted(data.rglob("*")):
        if path.is_file() and not path.name.endswith(_HOLDS_NOTHING):
            found.setdefault(_kind(path.relative_to(data)), []).append(path)
    return found


def _kind(path: Path) -> str:
    parts = path.parts
    if parts[0] == "_embeddings":
        return "embedding cache"
    if len(parts) == 1 or parts[1] != "tables":
        return parts[1] if len(parts) > 2 else path.name
    for folder, name in (("_delta_log", "log"), ("_checksums", "checksums")):
        if folder in parts:
            return f"{parts[2]} {name}"
    return f"{parts[2]} rows"


def _flipped(path: Path, random: Random) -> None:
    if path.stat().st_size:
        flip_a_bit(path, random.randrange, random.randrange(8))
    else:
        path.write_bytes(b"\x01")


def _cut(path: Path, random: Random) -> None:
    os.truncate(path, random.randrange(max(1, path.stat().st_size)))


def _zeroed(path: Path, random: Random) -> None:
    content = bytearray(path.read_bytes())
    start = random.randrange(max(1, len(content)))
    end = min(len(content), start + random.choice([8, 512, 4096]))
    content[start:end] = bytes(end - start)
    path.write_bytes(content)


def _garbage(path: Path, random: Random) -> None:
    path.write_bytes(random.randbytes(random.randrange(1, 4000)))


def _overwritten(path: Path, random: Random) -> None:
    content = bytearray(path.read_bytes())
    start = random.randrange(max(1, len(content)))
    content[start : start + 16] = random.randbytes(16)[: max(0, len(content) - start)]
    path.write_bytes(content)


def _lengthened(path: Path, random: Random) -> None:
    path.write_bytes(path.read_bytes() + random.randbytes(random.randrange(1, 200)))


def _swapped(path: Path, random: Random) -> None:
    """With another file of the same name's ending in the same table or folder of the corpus, or emptied."""
    others = [p for p in path.parent.parent.rglob(f"*{path.suffix}") if p != path and p.is_file()]
    if not others:
        path.write_bytes(b"")
        return
    other = random.choice(sorted(others))
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _a_folder(path: Path, random: Random) -> None:
    path.unlink()
    path.mkdir()


FORMS: dict[str, Callable[[Path, Random], object]] = {
    "one bit": _flipped,
    "cut": _cut,
    "empty": lambda path, _: path.write_bytes(b""),
    "zeros": _zeroed,
    "garbage": _garbage,
    "16 bytes": _overwritten,
    "longer": _lengthened,
    "deleted": lambda path, _: path.unlink(),
    "swapped": _swapped,
    "a folder": _a_folder,
}


def damage_a_file(data: Path, random: Random) -> str:
    """Damage one file of a kind chosen at random. Returns: what was done."""
    kinds = kinds_of_files(data)
    kind = random.choice(sorted(kinds))
    path = random.choice(kinds[kind])
    # One bit is what nobody sees, so it is tried more often than what is seen at once.
    form = random.choice([*FORMS, "one bit", "one bit", "one bit"])
    FORMS[form](path, random)
    return f"{form}: {path.relative_to(data)}"


def lose_a_part(data: Path, random: Random) -> str:
    """Delete a whole table, all releases, the marts or the like. Returns: what was done."""
    corpus = next(path for path in sorted(data.iterdir()) if (path / "tables").is_dir())
    tables = sorted((corpus / "tables").iterdir())
    parts = [path for path in sorted(corpus.iterdir()) if path.is_dir() and path.name != "tables"]
    match random.randrange(4):
        case 0:
            lost = random.choice(tables)
            shutil.rmtree(lost)
        case 1:
            lost = sorted((random.choice(tables) / "_delta_log").glob("*.json"))[-1]
            lost.unlink()
        case 2:
            lost = random.choice([*parts, corpus / "tables", data / "_embeddings"])
            shutil.rmtree(lost)
        case _:
            lost = random.choice([data / "review.db", *(path for path in sorted(corpus.rglob("*.parquet")))])
            lost.unlink()
    return f"lost: {lost.relative_to(data)}"


def put_back_an_older(data: Path, earlier: Path, random: Random) -> str:
    """A part of the data folder from a copy that an earlier run left, as a careless restore does."""
    corpus = next(path for path in sorted(earlier.iterdir()) if (path / "tables").is_dir())
    parts = [*sorted((corpus / "tables").iterdir()), *(p for p in sorted(corpus.iterdir()) if p.name != "tables")]
    chosen = random.choice([*(p for p in parts if not p.name.endswith(".lock")), earlier / "review.db"])
    target = data / chosen.relative_to(earlier)
    if chosen.is_dir():
        shutil.rmtree(target)
        shutil.copytree(chosen, target)
    else:
        shutil.copy(chosen, target)
    return f"an older copy: {chosen.relative_to(earlier)}"
