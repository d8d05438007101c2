"""One word has one meaning: classes and aliases of the package; the table of docs/words.md against names and prose."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, WORDS = ROOT / "data_engine", ROOT / "docs" / "words.md"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "defs" not in path.relative_to(PACKAGE).parts)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "dbt_like_sql").rglob("*.md")])

#: Names that stand for more than one thing, and why they may.
SHARED = {
    "Floats": "NumPy arrays of the precision that the functions of the module work in",
}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _named_things() -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of every public class and every type alias of the package."""
    for path in MODULES:
        for node in _tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, f"class in {_module(path)}"
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name[0].isupper() and not name.isupper():
                    yield name, ast.unparse(node.value).replace("npt.", "")


def test_no_two_classes_and_no_class_and_alias_share_a_name() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for name, meaning in _named_things():
        meanings[name].add(meaning)
    shared = {name: sorted(what) for name, what in meanings.items() if len(what) > 1}
    assert {name: what for name, what in shared.items() if name not in SHARED} == {}
    assert set(SHARED) <= set(shared), "take names out of SHARED that have one meaning by now"


def _rows(heading: str) -> list[list[str]]:
    text = WORDS.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 2, f"docs/words.md has no table below {heading!r}"
    return rows[2:]


def _never(place: str) -> dict[str, tuple[str, ...]]:
    """Every word that may not stand in names or prose, and the modules and packages where it may."""
    return {
        never.strip("`"): tuple(re.findall(r"`([a-z_.]+)`", allowed)) for never, _, places, allowed in _rows("Never")
        if place in places.split(", ")
    }  # fmt: skip


def _words_of(name: str) -> list[str]:
    """The words of an identifier in lower case, the plural as the singular too."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    return [*words, *(word.removesuffix("s") for word in words)]


@cache
def _defined_names(path: Path) -> dict[str, list[str]]:
    """The words of each name that a file gives: its own, and those of functions, classes, arguments and variables."""
    names = {path.stem, path.parent.name}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name: _words_of(name) for name in names}


@pytest.mark.parametrize("word", sorted(_never("names")))
def test_a_forbidden_word_is_in_no_name_of_the_package(word: str) -> None:
    allowed = _never("names")[word]
    found = {
        f"{_module(path)}: {name}"
        for path in MODULES
        if not any(f"{_module(path)}.".startswith(f"{place}.") for place in allowed)
        for name, words in _defined_names(path).items()
        if word in words
    }
    assert found == set(), f"docs/words.md has another word for {word!r}"


@cache
def _prose(page: Path) -> str:
    """A page without its code, its links' targets, and the data card, which is called so."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]+`|\]\([^)]*\)", "", text)
    return re.sub(r"\bdata cards?\b", "", text, flags=re.IGNORECASE)


@pytest.mark.parametrize("word", sorted(_never("prose")))
@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_forbidden_word_is_in_no_prose(page: Path, word: str) -> None:
    lines = [line for line in _prose(page).splitlines() if re.search(rf"\b{word}s?\b", line, re.IGNORECASE)]
    assert lines == [], f"docs/words.md has another word for {word!r}"


def test_no_word_is_explained_twice() -> None:
    headings = re.findall(r"^## (.+)", WORDS.read_text("utf-8"), re.MULTILINE)
    said = [
        term.strip(" `") for name in headings if name != "Never" for row in _rows(name) for term in row[0].split(",")
    ]
    assert sorted({term for term in said if said.count(term) > 1}) == []
