"""Checks the YAML file of a corpus before anything is built of it: every mistake a sentence with file and line.

The blocks themselves check what they hold; here are the file, its keys, and the files that it names.
"""

import difflib
import importlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from data_engine.corpus.class_file import check_number, check_renamed, check_special_classes, read_classes
from data_engine.corpus.corpus import Corpus
from data_engine.corpus.labels import Labels
from data_engine.errors import InvalidInput, SourceMissing

COMPONENT = "data_engine.orchestration.component.CorpusComponent"
_TOP_KEYS = ("type", "attributes", "requirements", "template_vars_module", "post_processing")
_MERGE = "<<"


@dataclass(frozen=True)
class CheckedFile:
    """What one YAML file says of a corpus."""

    path: Path
    name: str
    """The name of the corpus; that of its folder where the file does not say it."""
    mistakes: tuple[str, ...] = ()
    """One sentence each, with file and line; empty for a sound file."""
    questions: tuple[str, ...] = ()
    """The names of its questions, where it asks several."""
    borrows: tuple[tuple[str, str], ...] = ()
    """Who proposes with the model of another corpus, the corpus or `corpus.question`, and whose model it is."""

    @property
    def sentence(self) -> str:
        """All mistakes, and what to do."""
        mistakes = "\n".join(self.mistakes)
        remedy = "mend its defs.yaml, then run the command again, or `dg check defs`"
        return f"a corpus cannot be loaded: {mistakes}; {remedy}"


def place_of(folder: str, *loc: str) -> str:
    """A field of a corpus with the file and line where it stands, or the block that it would stand in.

    Args:
        folder: Of the `defs.yaml`; empty for a corpus that has none.
        loc: The keys on the way to the field.
    """
    field, path = ".".join(loc), Path(folder) / "defs.yaml"
    try:
        node = yaml.compose(_text(path), Loader=yaml.SafeLoader) if folder else None
    except (OSError, yaml.YAMLError, InvalidInput, RecursionError):
        node = None
    return field if node is None else f"{field} at {path}:{_line(node, ('attributes', *loc))}"


def check_file(path: Path) -> CheckedFile | None:
    """Check a `defs.yaml`; None where it describes something else than a corpus."""
    folder_name = path.parent.name
    try:
        documents = [one for one in yaml.compose_all(_text(path), Loader=yaml.SafeLoader) if not _is_empty(one)]
    except (yaml.YAMLError, InvalidInput, RecursionError) as error:
        return CheckedFile(path, folder_name, (_of_yaml(path, error),))
    node = documents[0] if documents else None
    if not isinstance(node, yaml.MappingNode):
        found = "is empty" if node is None else f"{path.name}:1 holds no keys"
        return CheckedFile(path, folder_name, (f"{path}: {found}; begin it with `type: {COMPONENT}`",))
    if len(documents) > 1:
        said = f"{documents[1].start_mark.line}: a second document begins; give each corpus a folder of its own"
        return CheckedFile(path, folder_name, (f"{path}:{said}",))
    if twice := list(_twice(path, node)):
        return CheckedFile(path, folder_name, tuple(twice))
    keys = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    kind = getattr(keys.get("type"), "value", None)
    place = f"{path}:{(keys.get('type') or node).start_mark.line + 1}"
    if isinstance(kind, str) and kind and not _is_corpus(kind):
        why = _why_no_component(kind)
        return CheckedFile(path, folder_name, (f"{place}: {why}; a corpus has `type: {COMPONENT}`",)) if why else None
    attributes = keys.get("attributes")
    if not isinstance(kind, str) or not kind.endswith(".CorpusComponent"):
        found = "is missing" if kind is None else f"is {kind!r}" if isinstance(kind, str) else "is not one name"
        return CheckedFile(path, folder_name, (f"{place}: type {found}; a corpus has `type: {COMPONENT}`",))
    unknown = [_unknown(path, key, str(key.value), _TOP_KEYS) for key, _ in node.value if key.value not in _TOP_KEYS]
    if not isinstance(attributes, yaml.MappingNode):
        line = (attributes or node).start_mark.line + 1
        missing = f"{path}:{line}: attributes holds no keys; give name, source, subset and labels below it"
        return CheckedFile(path, folder_name, (*unknown, missing))
    given = {key.value: value.value for key, value in attributes.value if isinstance(value, yaml.ScalarNode)}
    name, questions = given.get("name") or folder_name, tuple(_names_of_questions(attributes))
    mistakes = (*unknown, *_mistakes(path, attributes))
    return CheckedFile(path, name, mistakes, questions, tuple(_borrows(attributes, name)))


def _names_of_questions(attributes: yaml.MappingNode) -> Iterator[str]:
    """The names in a list under `labels`, as far as they are there."""
    for key, listed in attributes.value:
        if key.value == "labels" and isinstance(listed, yaml.SequenceNode):
            blocks = (block for block in listed.value if isinstance(block, yaml.MappingNode))
            yield from (str(value.value) for block in blocks for name, value in block.value if name.value == "name")


def _borrows(attributes: yaml.MappingNode, corpus: str) -> Iterator[tuple[str, str]]:
    """Who names whom in `labels.propose_with`, as far as it is said."""
    labels = next((value for key, value in attributes.value if key.value == "labels"), None)
    for block in labels.value if isinstance(labels, yaml.SequenceNode) else [labels]:
        if isinstance(block, yaml.MappingNode):
            keys = {key.value: value for key, value in block.value}
            named, question = keys.get("propose_with"), getattr(keys.get("name"), "value", None)
            who = f"{corpus}.{question}" if isinstance(labels, yaml.SequenceNode) else corpus
            pairs = named.value if isinstance(named, yaml.MappingNode) else ()
            yield from ((who, str(value.value)) for key, value in pairs if key.value == "corpus")


def _is_empty(node: yaml.Node | None) -> bool:
    """Whether a document holds nothing, as after a last `---`."""
    return node is None or (isinstance(node, yaml.ScalarNode) and not node.value)


def _is_corpus(kind: str) -> bool:
    """Whether a type is that of a corpus, or was meant to be."""
    return kind.endswith(".CorpusComponent") or bool(difflib.get_close_matches(kind, [COMPONENT], cutoff=0.85))


def _why_no_component(kind: str) -> str:
    """Why Dagster would find no component by that name; empty where it finds a class."""
    module, _, name = kind.rpartition(".")
    if not module or not all(part.isidentifier() for part in kind.split(".")):
        return f"type is {kind!r}, which is no class with its module"
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        return f"type is {kind!r}, whose module cannot be imported ({said})"
    if not isinstance(found, type):
        return f"type is {kind!r}, but {module} has no class of that name"
    is_component = any(base.__name__ == "Component" for base in found.__mro__)
    return "" if is_component else f"type is {kind!r}, which is no component of Dagster"


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{path}:{line}: is no text in UTF-8; save the file as UTF-8") from error


def _of_yaml(path: Path, error: Exception) -> str:
    """What is wrong, in a sentence."""
    if isinstance(error, InvalidInput):
        return str(error)
    if isinstance(error, yaml.reader.ReaderError):
        place = path.read_text("utf-8", "replace")[: error.position].count("\n") + 1
        return f"{path}:{place}: has a character that YAML does not allow (#x{error.character:04x}); remove it"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"{path}: is no YAML ({' '.join(str(error).split())}); mend it"
    # A quote or bracket that is never closed is found at the end of the file, and stands where it begins.
    is_open = error.context_mark is not None and "end" in (error.problem or "")
    line = (error.context_mark if is_open and error.context_mark else error.problem_mark).line
    lines = path.read_text("utf-8", "replace").splitlines()
    text = lines[line] if line < len(lines) else ""
    if "\t" in text[: len(text) - len(text.lstrip())] or "'\\t'" in (error.problem or ""):
        return f"{path}:{line + 1}: a tab stands where YAML asks for spaces; indent this line with spaces"
    return f"{path}:{line + 1}: is no YAML: {error.problem}; mend this line or the one before it"


def _twice(path: Path, root: yaml.Node) -> Iterator[str]:
    """The keys that stand twice in one mapping, at any depth."""
    for node in _nodes(root):
        lines: dict[object, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value != _MERGE:
                if key.value in lines:
                    first = lines[key.value]
                    yield f"{path}:{line}: the key {key.value!r} stands in line {first} too; keep one of them"
                lines.setdefault(key.value, line)


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, in the order of the file; aliases make a file a graph."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)


def _mistakes(path: Path, attributes: yaml.MappingNode) -> Iterator[str]:
    if _has_template(attributes):
        return
    try:
        values = yaml.SafeLoader("").construct_document(attributes)
    # A value that its own tag does not fit, as `!!bool foo`, ends in errors of other kinds.
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        yield _of_yaml(path, error)
        return
    try:
        corpus = Corpus.model_validate(values).model_copy(update={"folder": str(path.parent)})
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            yield _of_field(path, attributes, mistake)
        return
    for place, labels in (((), corpus.labels), *(((n,), each) for n, each in enumerate(corpus.questions))):
        if isinstance(labels.classes, str):
            yield from _of_classes(path, attributes, labels, ("labels", *place))


def _of_classes(path: Path, attributes: yaml.MappingNode, labels: Labels, loc: tuple[str | int, ...]) -> Iterator[str]:
    """What is wrong in the file of classes; that there is none is said when a run needs it."""
    try:
        classes = read_classes(path.parent / str(labels.classes))
        check_number(classes)
        check_special_classes(classes, other=labels.other, out_of_scope=labels.out_of_scope)
        check_renamed(labels.renamed, classes)
    except SourceMissing:
        return
    except InvalidInput as error:
        yield str(error)
    except ValueError as error:
        yield f"`{'.'.join(map(str, ('attributes', *loc)))} at {path}:{_line(attributes, loc)}`: {error}"


def _has_template(node: yaml.Node) -> bool:
    """Whether a value is filled in by Dagster, so that only Dagster can check it."""
    return any(isinstance(each, yaml.ScalarNode) and "{{" in each.value for each in _nodes(node))


def _of_field(path: Path, attributes: yaml.MappingNode, mistake: Mapping[str, Any]) -> str:
    loc = tuple(mistake["loc"])
    # A list under `labels` is read as another field.
    written = ("labels", *loc[1:]) if loc[:1] == ("questions",) else loc
    place = f"`{'.'.join(map(str, ('attributes', *written)))} at {path}:{_line(attributes, written)}`"
    if mistake["type"] == "extra_forbidden":
        return f"{place}: there is no key {loc[-1]!r}{_meant(str(loc[-1]), _keys_of(Corpus, loc[:-1]))}"
    sentence = mistake["msg"].removeprefix("Value error, ")
    is_said = mistake["type"] == "value_error" or not isinstance(mistake["input"], str | int | float | None)
    return f"{place}: {sentence}" + ("" if is_said else f", and not {mistake['input']!r}")


def _unknown(path: Path, key: yaml.Node, name: str, known: Sequence[str]) -> str:
    return f"{path}:{key.start_mark.line + 1}: there is no key {name!r}{_meant(name, known)}"


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; the keys are {', '.join(known)}" if known else "; remove it"


def _keys_of(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys of the block at a place; empty where no block is found."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            block = next(_blocks(model.model_fields[part].annotation), None)
            if block is None:
                return ()
            model = block
    return tuple(name for name in model.model_fields if name not in ("folder", "questions"))


def _blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _blocks(argument)


def _line(node: yaml.Node, loc: Sequence[str | int]) -> int:
    """The line of the value at a place, or of the last block on the way to it that is there."""
    line = node.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
