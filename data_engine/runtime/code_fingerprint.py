"""Code fingerprint: the statements of a module or package, whatever its comments and docstrings.

Parsing the package takes longer than loading it, so a fingerprint is kept in `__pycache__`, as Python keeps what it has
compiled; unlike Python, with a hash of the very bytes that it was computed from, and not with their times.
"""

import ast
import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_fingerprint(source: str) -> str:
    """Fingerprint of the statements of a module or package, and of its templates.

    Comments and docstrings of Python do not count.

    Args:
        source: path of the module or package below `data_engine`.
    """
    path = _PACKAGE / source
    code = [file.read_bytes() for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    templates = [template.read_bytes() for template in sorted(path.glob("templates/**/*.*"))]
    exact = _exact_hash([Path(__file__).read_bytes(), sys.version.encode(), *code, b"templates", *templates])
    kept = _PACKAGE / "__pycache__" / f"{source.replace('/', '.')}.fingerprint"
    known = _read(kept)
    if known.startswith(exact):
        return known.removeprefix(exact)
    found = _of_statements(code, templates)
    _write(kept, exact + found)
    return found


def _of_statements(code: list[bytes], templates: list[bytes]) -> str:
    digest = hashlib.sha256()
    for text in code:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
                node.body = node.body[1:]
        # Python 3.12 adds the parameters of types, of which this code has none.
        digest.update(ast.dump(tree).replace(", type_params=[]", "").encode())
    for template in templates:
        digest.update(template)
    return digest.hexdigest()


def _exact_hash(parts: list[bytes]) -> str:
    """Hash of byte strings in their order, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _read(kept: Path) -> str:
    """What a file says; nothing where it cannot be read."""
    try:
        return kept.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _write(kept: Path, text: str) -> None:
    """Keep it for the next process, unless bytecode is not kept either or the folder may not be written to."""
    if sys.dont_write_bytecode:
        return
    with suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}.half")
        half.write_text(text, "ascii")
        half.replace(kept)
