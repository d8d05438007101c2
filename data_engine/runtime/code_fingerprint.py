"""Code fingerprint: the statements of a module and of all that it imports, whatever their comments and docstrings.

Parsing the package takes longer than loading it, so what is found in a file is kept in `__pycache__`, as Python keeps
what it has compiled, or else in the user's cache folder; unlike Python, with a hash of the very bytes that it was found
in, and not with their times. What a step's version is made of besides its code is in `corpus_runtime.py`.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data_engine.kernels.loading import user_folder
from data_engine.storage.atomic_files import replace_file

_PACKAGE = Path(__file__).resolve().parents[1]
_KEPT = "modules.fingerprint"
#: Python 3.13 leaves empty fields out unless told; the same statements get the same fingerprint under each Python.
_DUMP = {"show_empty": True} if sys.version_info >= (3, 13) else {}


@dataclass(frozen=True)
class _Module:
    """One file: the fingerprint of its statements and the names that it imports of the package."""

    fingerprint: str
    imports: tuple[str, ...]


@cache
def code_fingerprint(modules: tuple[str, ...], *, stops: tuple[str, ...] = (), package: Path = _PACKAGE) -> str:
    """Fingerprint of modules or packages and of everything that they import of the package, however far.

    Imports inside functions count, comments and docstrings do not. The templates of a package belong to it.

    Args:
        modules: Dotted names, `data_engine.clustering.lloyd`; a package stands for all of its modules.
        stops: Dotted names of modules and packages where the search ends; they do not count.
        package: Folder of the package that the names begin with.

    Raises:
        ValueError: If the package has no module of one of these names.
    """
    digest = hashlib.sha256()
    for name in sorted(import_closure(modules, stops=stops, package=package)):
        digest.update(name.encode())
        digest.update(_files_of(package)[name][1].fingerprint.encode())
    return digest.hexdigest()


@cache
def import_closure(
    modules: tuple[str, ...], *, stops: tuple[str, ...] = (), package: Path = _PACKAGE
) -> frozenset[str]:
    """The dotted names of these modules and of all that they import of the package, without those at a stop."""
    files = _files_of(package)
    if absent := [name for name in modules if not any(_is_within(file, name) for file in files)]:
        paths = ", ".join(f"{name.replace('.', '/')}.py" for name in absent)
        raise ValueError(f"no module of {package.name} is called {', '.join(absent)}; add {paths} or mend the name")
    found: set[str] = set()
    asked = [name for module in modules for name in files if _is_within(name, module)]
    while asked:
        name = asked.pop()
        if name in found or any(_is_within(name, stop) for stop in stops):
            continue
        found.add(name)
        asked += [module for one in files[name][1].imports if (module := _module_of(one, files)) is not None]
    return frozenset(found)


def _is_within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


def _module_of(imported: str, files: dict[str, tuple[Path, _Module]]) -> str | None:
    """The module that an import names, or the one that holds the object which it names."""
    parts = imported.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((name for name in names if name in files), None)


@cache
def _files_of(package: Path) -> dict[str, tuple[Path, _Module]]:
    """Every module of the package by its dotted name, with what is found in its file."""
    known: dict[str, _Module] = next(filter(None, map(_read, _places(package))), {})
    now = {}
    files: dict[str, tuple[Path, _Module]] = {}
    for path in sorted(package.rglob("*.py")):
        contents = [path.read_bytes(), *_templates_beside(path)]
        exact = _exact_hash([sys.version.encode(), _OWN_BYTES, *contents])
        found = known.get(exact) or _found_in(contents[0], contents[1:], package.name)
        now[exact] = found
        files[_dotted(path, package)] = (path, found)
    if now.keys() - known.keys():
        # Kept in the first place that takes it.
        any(_write(place, now) for place in _places(package))
    return files


def _places(package: Path) -> Iterator[Path]:
    """Where results are kept: beside the package's bytecode where that is kept, or else in a folder of the user."""
    if not sys.dont_write_bytecode:
        yield package / "__pycache__" / _KEPT
    folder = user_folder()
    if folder is not None:
        yield folder / f"{hashlib.sha256(str(package).encode()).hexdigest()[:16]}.{_KEPT}"


_OWN_BYTES = Path(__file__).read_bytes()


def _dotted(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _templates_beside(path: Path) -> list[bytes]:
    """The templates in the folder of a module."""
    return [file.read_bytes() for file in sorted(path.parent.glob("templates/**/*.*")) if file.is_file()]


def _found_in(code: bytes, templates: Iterable[bytes], package: str) -> _Module:
    tree = ast.parse(code)
    imports: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            imports |= dict.fromkeys(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            imports |= dict.fromkeys(alias.name for alias in node.names if alias.name.split(".")[0] == package)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    # Python 3.12 adds the parameters of types, of which this code has none.
    digest = hashlib.sha256(ast.dump(tree, **_DUMP).replace(", type_params=[]", "").encode())
    for template in templates:
        digest.update(template)
    return _Module(digest.hexdigest(), tuple(imports))


def _exact_hash(parts: list[bytes]) -> str:
    """Hash of byte strings in their order, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _read(kept: Path) -> dict[str, _Module]:
    """Results of earlier processes by the hash of the bytes; empty where the file cannot be read."""
    try:
        rows = json.loads(kept.read_text("utf-8"))
        return {exact: _Module(fingerprint, tuple(imports)) for exact, (fingerprint, imports) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(kept: Path, modules: dict[str, _Module]) -> bool:
    """Keep it for the next process; False where the folder may not be written to."""
    rows = {exact: (module.fingerprint, module.imports) for exact, module in modules.items()}
    try:
        replace_file(kept, lambda path: path.write_text(json.dumps(rows), "utf-8"))
    except OSError:
        return False
    return True
