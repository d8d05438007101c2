"""What a release declares beside its rows: rights, words and promises that its data card and Croissant metadata show.

It belongs to the identity of a release, whose id is made in `rows.py`.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data_engine.corpus import Corpus, Labels
from data_engine.corpus.release import Release
from data_engine.labeling.deciders.registry import DECIDERS, TREE
from data_engine.releasing.question_card import block_used, labels_of_questions


def declared_facts(corpus: Corpus, rows: pa.Table, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What the YAML says of a release, as JSON values; empty where it says nothing but what holds by default.

    How, where and when a release was made is left out: it stays true of the release that was made first.

    Args:
        corpus: As the tables were made with it.
        rows: The released rows.
        configuration: That of the manifest.

    Returns: `release`: the fields of that block that are not the default; `certified`: by question ("" where there is
        one), what automatic labels among the rows were certified to; `asked`: by question, of several, its text.
    """
    usual = Release().model_dump(mode="json")
    said = {name: value for name, value in configuration["release"].items() if value != usual.get(name)}
    by_question = labels_of_questions(rows) or {"": rows}
    manifest = {"configuration": configuration}
    blocks = {name: block_used(name, corpus, manifest) if name else corpus.labels for name in by_question}
    certified = {name: _certified(blocks[name], of_question) for name, of_question in by_question.items()}
    found: dict[str, Any] = {
        "release": said,
        "certified": {name: each for name, each in certified.items() if each},
        "asked": {name: block.question for name, block in blocks.items() if name},
    }
    return {name: value for name, value in found.items() if value}


def _certified(labels: Labels, rows: pa.Table) -> dict[str, Any]:
    """The precision that labels of every decider are certified to, with the confidence and on what; empty of none."""
    given, there = set(rows["provenance"].to_pylist()), {}
    for name, decider in DECIDERS.items():
        if decider.provenance and decider.provenance in given and (name != TREE or labels.decider(name)):
            there[name] = labels.target_of(name)
    if not there:
        return {}
    on_imported = labels.given is not None and labels.given.in_hold_out
    return {"precision": there, "confidence": labels.confidence, **({"on_imported": True} if on_imported else {})}


def changes_of_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What two manifests declare otherwise: by name, such as `licence`, the text before and after, "" for nothing."""
    one, other = _by_name(before), _by_name(after)
    names = sorted(one.keys() | other.keys())
    return {name: (one.get(name, ""), other.get(name, "")) for name in names if one.get(name) != other.get(name)}


def _by_name(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Every fact as a text. A release of an earlier engine says the block `release` alone."""
    block = (manifest.get("configuration") or {}).get("release") or {}
    rest = {name: value for name, value in (manifest.get("declared") or {}).items() if name != "release"}
    return dict(_flat({**block, **rest}))


def _flat(said: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in said.items():
        full = ".".join(part for part in (above, name) if part)
        if isinstance(value, Mapping):
            found += _flat(value, full)
        elif isinstance(value, list):
            found.append((full, ", ".join(map(str, value))))
        elif value not in (None, ""):
            found.append((full, str(value)))
    return found
