"""CONTRIBUTING.md as data: its sections, their numbered lines and blocks; and carrying the blocks out on a copy."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"


@dataclass(frozen=True)
class Block:
    """A fenced block: lines, the file they belong to, and the name in it that says where."""

    path: str
    place: str
    text: str


@dataclass(frozen=True)
class Section:
    """A section that says how to add something."""

    title: str
    steps: tuple[str, ...]
    blocks: tuple[Block, ...]


def sections() -> dict[str, Section]:
    """The sections with numbered lines, by title."""
    found = {}
    for part in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = part.partition("\n")
        blocks = tuple(
            Block(path, place, text)
            for path, place, text in re.findall(r"^```\w+ (\S+) ?(\w*)\n(.*?)^```$", rest, re.DOTALL | re.MULTILINE)
        )
        prose = re.sub(r"^```.*?^```$", "", rest, flags=re.DOTALL | re.MULTILINE)
        steps = tuple(re.findall(r"^\d\. .*(?:\n {2,}.*)*", prose, re.MULTILINE))
        if steps:
            found[title] = Section(title, steps, blocks)
    return found


def carry_out(block: Block, root: Path) -> None:
    """Do what a block says below the root of a copy.

    Raises: ValueError when the place does not exist, or lies where nothing can be added.
    """
    path = root / block.path
    if block.place:
        text = path.read_text("utf-8")
        put = _below_row if path.suffix == ".md" else _before_the_bracket
        path.write_text(put(text, block), "utf-8")
    elif path.exists():
        gap = "\n\n" if path.suffix == ".py" else ""
        path.write_text(path.read_text("utf-8") + gap + block.text, "utf-8")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")


def _below_row(text: str, block: Block) -> str:
    lines = text.splitlines(keepends=True)
    rows = [number for number, line in enumerate(lines) if line.startswith(f"| `{block.place}`")]
    if len(rows) != 1:
        raise ValueError(f"{block.path} has {len(rows)} rows of {block.place!r}; name a row that it has once")
    return "".join((*lines[: rows[0] + 1], block.text, *lines[rows[0] + 1 :]))


def _before_the_bracket(text: str, block: Block) -> str:
    lines = block.text.splitlines(keepends=True)
    n_imports = next(number for number, line in enumerate(lines) if line.strip() and not _is_import(line))
    imports, added = "".join(lines[:n_imports]).strip(), "".join(lines[n_imports:])
    tree = ast.parse(text)
    value = _value_of(tree, block)
    text_lines = text.splitlines(keepends=True)
    end = sum(map(len, text_lines[: (value.end_lineno or 0) - 1])) + _characters(text_lines, value) - 1
    before = text[:end].rstrip()
    if before[-1] not in ",([{":
        before += ","
    text = f"{before}\n{added}{text[end:]}"
    last = max(node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    text_lines = text.splitlines(keepends=True)
    return "".join((*text_lines[:last], f"{imports}\n" if imports else "", *text_lines[last:]))


def _characters(lines: list[str], value: ast.expr) -> int:
    """Where an expression ends in its last line; the tree counts bytes."""
    last = lines[(value.end_lineno or 0) - 1].encode()
    return len(last[: value.end_col_offset].decode())


def _is_import(line: str) -> bool:
    return line.startswith(("import ", "from "))


def _value_of(tree: ast.Module, block: Block) -> ast.expr:
    """What the name is assigned, or the list that the function of this name returns last."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == block.place:
            value = node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value if node.targets[0].id == block.place else None
        elif isinstance(node, ast.FunctionDef) and node.name == block.place:
            returned = node.body[-1]
            value = returned.value if isinstance(returned, ast.Return) else None
        else:
            value = None
        if isinstance(value, ast.Tuple | ast.List | ast.Dict):
            return value
    raise ValueError(f"{block.path} assigns no tuple, list or dictionary to {block.place!r}, and returns none there")
