"""YAML headers of text files as columns, with bounds that are held before anything is built.

The files with such headers are read in `files.py`.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import yaml

from data_engine.indexing.samples import json_name
from data_engine.indexing.uris import named_apart

_MOST_VALUES = 100_000
_MOST_CHARACTERS = 10_000_000
_DEEPEST = 100
_LONGEST_NUMBER = 400
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
_MERGE = "tag:yaml.org,2002:merge"


def parse_header(header: str) -> dict[str, Any] | str:
    """The header's columns, or why it cannot be read.

    Of several keys that give one name (`1` and `'1'`, or a key that stands twice) the first keeps it, and the others
    have a number behind it. With every alias written out, a header holds at most 100,000 values and 10 million
    characters, nested at most 100 deep.
    """
    try:
        excess = _excess(yaml.parse(header, Loader=_Loader))
        if excess is not None:
            return f"the YAML header {excess}"
        parsed = yaml.load(header, _HeaderLoader)
    except Exception as error:
        # Tags on values that they do not fit end in errors of all kinds (KeyError, OverflowError, AttributeError).
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""
        return f"broken YAML header{where}: {problem}"
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        return f"the YAML header is a {type(parsed).__name__}, not a list of `name: value` lines"
    return parsed


def _excess(events: Iterable[yaml.Event]) -> str | None:
    """What of the header goes beyond a limit, with the remedy; the parser that gives the events does not recurse."""
    n_values, n_characters, n_aliases = 0, 0, 0
    opened: list[tuple[str | None, int, int]] = []
    sizes: dict[str, tuple[int, int]] = {}
    for event in events:
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            n_aliases += 1
            if any(name == anchor for name, *_ in opened):
                n_values = _MOST_VALUES
            added = sizes.get(str(anchor), (0, 0))
            n_values, n_characters = n_values + 1 + added[0], n_characters + added[1]
        elif isinstance(event, yaml.ScalarEvent):
            if len(event.value) > _LONGEST_NUMBER and _is_number(event):
                return f"holds a number of {len(event.value):,} characters; write it in quotes"
            n_values, n_characters = n_values + 1, n_characters + len(event.value)
            if anchor is not None:
                sizes[anchor] = 1, len(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, n_values, n_characters))
            n_values += 1
            if len(opened) > _DEEPEST:
                return f"is nested more than {_DEEPEST} deep; flatten it"
        elif isinstance(event, yaml.CollectionEndEvent):
            name, values_before, characters_before = opened.pop()
            if name is not None:
                sizes[name] = n_values - values_before, n_characters - characters_before
        remedy = "remove its aliases" if n_aliases else "shorten it"
        if n_values > _MOST_VALUES:
            return f"expands to more than {_MOST_VALUES} values; {remedy}"
        if n_characters > _MOST_CHARACTERS:
            return f"expands to more than {_MOST_CHARACTERS:,} characters; {remedy}"
    return None


def _is_number(event: yaml.ScalarEvent) -> bool:
    """Whether a value becomes a number, by its tag or by what it looks like."""
    if event.tag is not None:
        return event.tag in _NUMBERS
    resolve: Callable[..., str] = _SCHEMA.resolve
    return event.implicit[0] and resolve(yaml.ScalarNode, event.value, (True, False)) in _NUMBERS


_SCHEMA = yaml.resolver.Resolver()


class _HeaderLoader(_Loader):  # type: ignore[misc, valid-type]
    """Builds what JSON can hold, without a word lost: objects have texts as names, and sets are lists."""

    root: yaml.Node | None = None

    def get_single_node(self) -> yaml.Node | None:
        self.root = super().get_single_node()
        return self.root

    def named_map(self, node: yaml.MappingNode) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(
                None, None, f"expected a mapping, found a {node.id}", node.start_mark
            )
        name_of: Callable[[Any], str] = str if node is self.root else json_name
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        ids = {id(key) for key, _ in own}
        self.flatten_mapping(node)
        merged = {name_of(self._key(key)): value for key, value in node.value if id(key) not in ids}
        values = {**merged, **named_apart((name_of(self._key(key)), value) for key, value in own)}
        return {name: self.construct_object(value, deep=True) for name, value in values.items()}

    def ordered_set(self, node: yaml.MappingNode) -> list[str]:
        return list(self.named_map(node))

    def _key(self, node: yaml.Node) -> Any:
        key = self.construct_object(node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "found unhashable key", node.start_mark)
        return key


_HeaderLoader.add_constructor("tag:yaml.org,2002:map", _HeaderLoader.named_map)
_HeaderLoader.add_constructor("tag:yaml.org,2002:set", _HeaderLoader.ordered_set)
