"""Reading the folder of SQL models and SQL tests: header, references and order, without running anything.

One SELECT per file, after a header of `--` lines: the first sentence says what a row tells, the line `grain:` what
one row is. Jinja has `ref('model')`, `source('engine', 'table')` and `var('name', 'default')`, as dbt has them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from data_engine.errors import SqlModelError
from data_engine.schemas import SCHEMAS

LAYERS = ("staging", "intermediate", "marts")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_IGNORED_SQL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
_SOURCE_GROUPS = ("engine", "review")


@dataclass(frozen=True)
class SqlModel:
    """A SELECT that becomes a view (staging, intermediate) or a stored table (marts)."""

    name: str
    layer: str
    path: Path
    sql_template: str
    description: str
    grain: str
    refs: tuple[str, ...]
    sources: tuple[str, ...]

    def sql(self, variables: Mapping[str, str] | None = None) -> str:
        """The SELECT that DuckDB runs: references become quoted names, variables their values.

        Raises: SqlModelError when a variable has neither a value nor a default.
        """
        return _render(self.path, self.sql_template, variables or {}).sql


@dataclass(frozen=True)
class SqlTest:
    """A SELECT of the rows that break the sentence in its description."""

    name: str
    path: Path
    sql_template: str
    description: str
    refs: tuple[str, ...]
    sources: tuple[str, ...]

    def sql(self, variables: Mapping[str, str] | None = None) -> str:
        """The SELECT that DuckDB runs: references become quoted names, variables their values.

        Raises: SqlModelError when a variable has neither a value nor a default.
        """
        return _render(self.path, self.sql_template, variables or {}).sql


def load_models(folder: Path) -> tuple[SqlModel, ...]:
    """The models below `folder/models`, each after all it refers to.

    Args:
        folder: Has `models/staging`, `models/intermediate` and `models/marts`; each file is named after its model.

    Returns: The models; kept in memory until a file changes.

    Raises: SqlModelError naming the file, for a header without description or grain, a name that comes twice, an
        unknown reference, a second statement, broken Jinja, or a cycle.
    """
    return _load_models(folder.absolute(), _signature(folder / "models"))


def load_tests(folder: Path) -> tuple[SqlTest, ...]:
    """The tests in `folder/tests`, sorted by name; they may refer to the models of the same folder.

    Raises: SqlModelError naming the file, as `load_models` does.
    """
    return _load_tests(folder.absolute(), _signature(folder / "tests"), _signature(folder / "models"))


@dataclass(frozen=True)
class _Rendered:
    sql: str
    refs: tuple[str, ...]
    sources: tuple[str, ...]


Signature = tuple[tuple[str, int, int], ...]


def _signature(folder: Path) -> Signature:
    """Signature of the folder: path, time and size of each file."""
    stats = [(path, path.stat()) for path in sorted(folder.rglob("*.sql"))]
    return tuple((str(path.relative_to(folder)), stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@lru_cache(maxsize=32)
def _load_models(folder: Path, signature: Signature) -> tuple[SqlModel, ...]:
    models: dict[str, SqlModel] = {}
    for relative, *_ in signature:
        model = _read_model(folder / "models" / relative)
        if model.name in models:
            raise SqlModelError(
                f"{model.path} and {models[model.name].path} are both named {model.name!r}; rename one of them"
            )
        models[model.name] = model
    for model in models.values():
        _refuse_unknown_refs(model, models)
    return _in_order(models)


@lru_cache(maxsize=32)
def _load_tests(folder: Path, signature: Signature, models_signature: Signature) -> tuple[SqlTest, ...]:
    known = {model.name: model for model in _load_models(folder, models_signature)}
    tests = [_read_test(folder / "tests" / relative) for relative, *_ in signature]
    twice = sorted({test.name for test in tests if [other.name for other in tests].count(test.name) > 1})
    if twice:
        raise SqlModelError(f"{folder / 'tests'} has several tests named {twice[0]!r}; rename all but one")
    for test in tests:
        _refuse_unknown_refs(test, known)
        if not test.refs:
            raise SqlModelError(f"{test.path} refers to no model; select from at least one with ref()")
    return tuple(sorted(tests, key=lambda test: test.name))


def _read_model(path: Path) -> SqlModel:
    layer = path.parent.name
    if layer not in LAYERS:
        raise SqlModelError(f"{path} is in folder {layer!r}; move it into one of models/{{{','.join(LAYERS)}}}")
    template = _read(path)
    header = _header(path, template)
    grain = [line.removeprefix("grain:").strip() for line in header if line.startswith("grain:")]
    if len(grain) != 1 or not grain[0]:
        raise SqlModelError(f"{path} does not say what one row is; add one line `-- grain: a batch and a reason`")
    rendered = _render(path, template, {})
    description = " ".join(line for line in header if not line.startswith("grain:"))
    return SqlModel(path.stem, layer, path, template, description, grain[0], rendered.refs, rendered.sources)


def _read_test(path: Path) -> SqlTest:
    template = _read(path)
    rendered = _render(path, template, {})
    return SqlTest(path.stem, path, template, " ".join(_header(path, template)), rendered.refs, rendered.sources)


def _read(path: Path) -> str:
    if not _NAME.fullmatch(path.stem):
        raise SqlModelError(f"{path} has no usable name; use lower-case letters, digits and underscores")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SqlModelError(f"{path} cannot be read ({error}); save it as UTF-8") from error


def _header(path: Path, template: str) -> list[str]:
    """The comment lines before the SELECT."""
    lines = []
    for line in template.lstrip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    if not lines or not lines[0] or lines[0].startswith("grain:"):
        raise SqlModelError(f"{path} does not begin with a comment; say in its first line what a row tells")
    return lines


def _render(path: Path, template: str, variables: Mapping[str, str]) -> _Rendered:
    """Fill in the Jinja, and note what it refers to."""
    refs: dict[str, None] = {}
    sources: dict[str, None] = {}

    def ref(name: str) -> str:
        refs[name] = None
        return f'"{name}"'

    def source(group: str, name: str) -> str:
        if group not in _SOURCE_GROUPS:
            raise SqlModelError(f"{path} reads source group {group!r}; the groups are {' and '.join(_SOURCE_GROUPS)}")
        sources[name] = None
        if group == "engine" and name not in SCHEMAS:
            raise SqlModelError(f"{path} reads unknown table {name!r}; the tables are {', '.join(sorted(SCHEMAS))}")
        return f'"{name}"'

    def var(name: str, default: str | None = None) -> str:
        value = variables.get(name, default)
        if value is None:
            raise SqlModelError(f"{path} needs variable {name!r}, which has no value; give it a default")
        return value.replace("'", "''")

    try:
        rendered = _compiled(template).render(ref=ref, source=source, var=var)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise SqlModelError(f"{path}{f':{line}' if line else ''} has broken Jinja ({error}); correct it") from error
    if ";" in _IGNORED_SQL.sub("", rendered).strip().removesuffix(";"):
        raise SqlModelError(f"{path} holds several statements; keep one SELECT per file")
    return _Rendered(rendered.strip().removesuffix(";"), tuple(refs), tuple(sources))


_JINJA = Environment(undefined=StrictUndefined, autoescape=False)


@lru_cache(maxsize=512)
def _compiled(template: str) -> Template:
    """A template is compiled once, however often it is rendered."""
    return _JINJA.from_string(template)


def _refuse_unknown_refs(reader: SqlModel | SqlTest, known: Mapping[str, SqlModel]) -> None:
    unknown = [name for name in reader.refs if name not in known]
    if unknown:
        raise SqlModelError(
            f"{reader.path} refers to {unknown[0]!r}, which is no model; the models are {', '.join(sorted(known))}"
        )


def _in_order(models: Mapping[str, SqlModel]) -> tuple[SqlModel, ...]:
    """Every model after all it refers to; otherwise by layer and name."""
    by_layer = sorted(models.values(), key=lambda model: (LAYERS.index(model.layer), model.name))
    sorter: TopologicalSorter[str] = TopologicalSorter({model.name: model.refs for model in by_layer})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: Sequence[str] = error.args[1]
        raise SqlModelError(
            f"models refer to each other in a circle: {' <- '.join(cycle)}; remove one reference, for example in "
            f"{models[cycle[0]].path}"
        ) from error
    ordered: list[SqlModel] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=[model.name for model in by_layer].index)
        ordered += [models[name] for name in ready]
        sorter.done(*ready)
    return tuple(ordered)
