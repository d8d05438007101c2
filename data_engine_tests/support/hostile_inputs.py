"""Inputs that nobody listed, by kind and seed, and what the engine makes of each.

Files are in `damaged_files.py`; here are they read, and settings, classes, labels and texts tried as well.
"""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import yaml
from damaged_files import IMAGES, KINDS, damaged, sound_file
from hostile_forms import FORMS, READ, REASON
from small_project import notes_corpus

from data_engine.corpus.class_file import read_classes
from data_engine.corpus.known_labels import ClassNames, label_text
from data_engine.corpus.yaml_file import COMPONENT, check_file
from data_engine.errors import DataEngineError
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.terminal.plain_text import shown

MOST_SECONDS = 30.0

REFUSED = "a sentence"
#: Words of a reader that fell over the input itself.
_FELL = ("its reader failed", "the reader ")
_STRANGE = (
    *(
        "\x1b[2J",
        "\x00",
        "\u202e",
        "\ud800",
        "\ufeff",
        "\u2028",
        "\u00e9",
        "e\u0301",
        "[red]",
        "[/x]",
        "<b>",
        "|",
        "`",
        "#",
    ),
    *("<b>", "|", "`", "#", "0", "-0.0", "1e999", "nan", "None", "true", "\\", "/", ":", "*", "%"),
)


def source_of(kind: str, folder: Path) -> tuple[Source, str]:
    """The source that reads files of a kind, and its modality."""
    modality = "image" if kind in IMAGES else "text"
    return Source(kind=KINDS[kind], path=str(folder), max_sample_s=20), modality


def try_file(kind: str, folder: Path, random: Random) -> str:
    """Read a damaged file of a kind. Raises: AssertionError where it is not handled."""
    content = damaged(sound_file(kind, random), random)
    # Of a table, the name says what stands between the columns.
    (folder / ("file.tsv" if kind == "tsv" else "file")).write_bytes(content)
    source, modality = source_of(kind, folder)
    ((file,),) = list_batches(source, Batches(), folder).values()
    started = time.monotonic()
    try:
        rows = read_batch(source, [file], batch="b", modality=modality).to_pylist()
    except DataEngineError as error:
        assert "file" in str(error), content
        return REFUSED
    errors = [row["error"] or "" for row in rows]
    assert all(row["is_readable"] or row["error"] for row in rows), content
    assert not [error for error in errors if any(word in error for word in _FELL)], (errors, content)
    assert time.monotonic() - started < MOST_SECONDS, content
    return REASON if any(errors) else READ


def try_settings(folder: Path, random: Random) -> str:
    """Load a corpus' YAML with some bytes changed, or some value by another. Raises: AssertionError if not handled."""
    settings = {"type": COMPONENT, "attributes": notes_corpus(Path("source"))}
    if random.random() < 0.5:
        _put_somewhere(settings, random)
    content = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
    path = folder / "defs.yaml"
    path.write_bytes(damaged(content, random) if random.random() < 0.5 else content)
    found = check_file(path)
    if found is None or not found.mistakes:
        return READ
    assert all(str(path) in mistake for mistake in found.mistakes), found.mistakes
    return REFUSED


def _put_somewhere(settings: dict[str, object], random: Random) -> None:
    """Another value in the place of one of the settings."""
    block = settings["attributes"]
    assert isinstance(block, dict)
    while True:
        key = random.choice(list(block))
        if isinstance(block[key], dict) and block[key] and random.random() < 0.7:
            block = block[key]
            continue
        block[key if random.random() < 0.8 else random.choice(_STRANGE)] = _value(random, 2)
        return


def _value(random: Random, depth: int) -> object:
    simple: list[Callable[[], object]] = [
        lambda: None,
        lambda: random.random() < 0.5,
        lambda: random.choice([0, -1, 3, 10**30, 2**63, -0.0, 2.5, float("nan"), float("inf")]),
        lambda: "".join(random.choice([*_STRANGE, " ", "a", "Baking"]) for _ in range(random.randint(0, 3))),
    ]
    if depth and random.random() < 0.4:
        values = [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
        return values if random.random() < 0.5 else {random.choice(_STRANGE): value for value in values}
    return random.choice(simple)()


def try_classes(folder: Path, random: Random) -> str:
    """Read a damaged file of classes. Raises: AssertionError where it is not handled."""
    names = ["baking", "trains", "caf\u00e9", "0", *random.sample(_STRANGE, 3)]
    text = random.choice(["\n", "\r\n", "\r"]).join(names)
    content = text.encode(random.choice(["utf-8", "utf-8-sig", "utf-16", "latin-1"]), "replace")
    path = folder / "classes.txt"
    path.write_bytes(damaged(content, random))
    try:
        found = read_classes(path)
    except DataEngineError as error:
        assert "classes.txt" in str(error), content
        return REFUSED
    assert len(set(found)) == len(found) and all(name == name.strip() and name for name in found), found
    return READ


def try_label(_: Path, random: Random) -> str:
    """Find the class of a value of the metadata. Raises: AssertionError where the class is not the value's own."""
    classes = ["baking", "Baking bread", "0", "true", "caf\u00e9"]
    value = _value(random, 2)
    text = label_text(value)
    if text is None:
        return REASON
    found = ClassNames(classes).find(text)
    assert found is None or found.casefold() == " ".join(text.split()).casefold() or found in text, (value, found)
    return REASON if found is None else READ


def try_printed(_: Path, random: Random) -> str:
    """Print a text. Raises: AssertionError where a control character reaches the terminal."""
    text = "".join(random.choice([*_STRANGE, chr(random.randrange(0x110000)), "a"]) for _ in range(20))
    found = shown(text)
    assert not [character for character in found if ord(character) < 32 and character not in "\n\t"], repr(found)
    assert "\x7f" not in found and not any(0x80 <= ord(character) < 0xA0 for character in found), repr(found)
    found.encode("utf-8")
    return READ


#: What is tried, by kind: files of every kind first.
TRIED: dict[str, Callable[[Path, Random], str]] = {
    **{f"file: {kind}": (lambda folder, random, kind=kind: try_file(kind, folder, random)) for kind in KINDS},
    **{"settings in YAML": try_settings, "file of classes": try_classes},
    **{"value of the metadata as a class": try_label, "text on the terminal": try_printed},
    **FORMS,
}
