"""What differs between the settings, the code and the inputs that a step last saw and those of now, by name.

What it saw stands with its version, see `runtime/versions.py`; files of a source are compared in `source_files.py`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_engine.errors.secret_texts import without_secrets
from data_engine.runtime.made_from.settings import CLASSES_FILE, settings_used
from data_engine.runtime.plan import spec_of

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.versions import StepVersion

ABSENT = "not set"


@dataclass(frozen=True)
class Difference:
    """One thing that is no longer as a step last saw it.

    Attributes:
        kind: file, batch, setting, code, examples, rows, answers, lost or checks.
        name: Of the file, the field of the YAML (`tree.n_clusters`), the step, ...
        before: What the step saw; empty where that has no short form.
        after: What there is now.
    """

    kind: str
    name: str
    before: str = ""
    after: str = ""


class OtherRows:
    """What steps read of other steps and that is not the same any more, said once for all that read it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}

    def add(self, reader: "StepVersion", changed: "Iterable[tuple[str, str, str]]") -> None:
        """Add what `changed_inputs` gives for a step."""
        for name, old, new in changed:
            read, _, batch = name.partition("/")
            how = "gone, or held back, since" if new in ("", "missing") else "made anew since" if old else "new since"
            batches, readers = self._found.setdefault((read, how), ({}, {}))
            batches |= {batch: None} if batch else {}
            readers |= {reader.step: None}

    def differences(self) -> Iterator[Difference]:
        """One for each step that was read and each way in which its rows are other ones."""
        for (read, how), (batches, readers) in self._found.items():
            named = ", ".join(batches) if len(batches) <= 2 else f"{len(batches):,} batches"
            of = f" of {named}" if batches else ""
            kind = "examples" if read.endswith("examples") else "rows"
            yield Difference(kind, f"{read.rstrip('?')}{of}", "", f"{how} {', '.join(readers)} ran")


def code_and_settings(runtime: "CorpusRuntime", last: "StepVersion") -> Iterator[Difference]:
    """What changed of the settings and of the code that a version was made by; one of an earlier engine says less."""
    if last.code_version == runtime.code_version(last.step):
        return
    if not last.made_from:
        yield Difference("code", last.step, "", "its code or settings changed; an earlier engine did not keep which")
        return
    names = spec_of(last.step).settings
    before = {name: last.made_with[name] for name in (*names, CLASSES_FILE) if name in last.made_with}
    settings = list(_changed_fields(before, settings_used(runtime.corpus, names)))
    yield from settings
    if last.made_from.get("code") != runtime.code_of(last.step):
        yield Difference("code", last.step, "", "changed")
    elif not settings:
        yield Difference("setting", "source", "", "a value that is secret, or a $VARIABLE, changed")


def changed_inputs(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Name, version before and version of now of every input that is not the same; empty where there is none."""
    for name in sorted({*before, *now}):
        old, new = before.get(name, ""), now.get(name, "")
        if old != new:
            yield name, old, new


def _changed_fields(before: Mapping[str, Any], now: Any) -> Iterator[Difference]:
    # A block that is given or taken away as a whole is one difference.
    for name in sorted(before.keys() ^ now.keys()):
        yield Difference("setting", name, *(ABSENT if name not in block else "set" for block in (before, now)))
    both = before.keys() & now.keys()
    old, new = (dict(_fields({name: block[name] for name in both})) for block in (before, now))
    for name in sorted({*old, *new}):
        # A block that is set in the place of nothing is told by its fields.
        said = [_said(fields.get(name, ABSENT)) for fields in (old, new)]
        if old.get(name, ABSENT) != new.get(name, ABSENT) and said != [ABSENT, ABSENT]:
            yield Difference("setting", name, *said)


def _fields(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field by its place in the YAML, `labels.rounds`."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _said(value: object) -> str:
    if value is None or value in ({}, ABSENT):
        return ABSENT
    return without_secrets(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
