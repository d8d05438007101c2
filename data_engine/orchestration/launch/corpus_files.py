"""The YAML files of a project: which describe a corpus that can be built, and what is wrong with the others.

What one file may hold is checked in `data_engine.corpus.yaml_file`; a project is loaded in `project.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data_engine.corpus.yaml_file import CheckedFile, check_file
from data_engine.orchestration.names import names_of


@dataclass(frozen=True)
class CorpusFiles:
    """The files that describe corpora, sorted by their paths."""

    sound: Sequence[CheckedFile]
    broken: Sequence[CheckedFile]
    """Those with mistakes, or with names that another corpus has."""


def check_files(defs_folder: Path) -> CorpusFiles:
    """Check every `defs.yaml` below a folder by itself, then their names beside each other."""
    checked = [found for path in sorted(defs_folder.rglob("defs.yaml")) if (found := check_file(path))]
    clashes, unknown = _clashes(checked), _not_to_be_borrowed(checked)
    judged = [
        replace(each, mistakes=(*each.mistakes, *clashes.get(each.path, ()), *unknown.get(each.path, ())))
        for each in checked
    ]
    return CorpusFiles([each for each in judged if not each.mistakes], [each for each in judged if each.mistakes])


def _clashes(checked: Sequence[CheckedFile]) -> Mapping[Path, Sequence[str]]:
    """What is wrong with names, by file: two corpora of one name, or a name that another's jobs and groups have."""
    found: dict[Path, list[str]] = defaultdict(list)
    of_name: dict[str, list[CheckedFile]] = defaultdict(list)
    for each in checked:
        of_name[each.name].append(each)
    for name, files in of_name.items():
        for each in files if len(files) > 1 else ():
            others = ", ".join(str(other.path) for other in files if other is not each)
            found[each.path].append(f"{each.path} describes a corpus {name!r}, as {others} does; rename one of them")
    # Of two corpora whose names clash, the one of the shorter name stays.
    taken: dict[str, CheckedFile] = {}
    for each in sorted(checked, key=lambda file: (len(file.name), file.name, file.path)):
        names = names_of(each.name, each.questions)
        other = next((taken[name] for name in names if name in taken and taken[name].name != each.name), None)
        if other is not None:
            both = set(names) & set(names_of(other.name, other.questions))
            found[each.path].append(
                f"{each.path}: the name {each.name!r} clashes with what Dagster calls parts of the corpus "
                f"{other.name!r} ({', '.join(sorted(both))}); choose another name"
            )
            continue
        taken.update(dict.fromkeys(names, each))
    return found


def _not_to_be_borrowed(checked: Sequence[CheckedFile]) -> Mapping[Path, Sequence[str]]:
    """What is wrong with corpora named in `labels.propose_with`, by file: not there, or it waits for the asking one."""
    found: dict[Path, list[str]] = defaultdict(list)
    known = [f"{each.name}.{name}" if name else each.name for each in checked for name in each.questions or ("",)]
    lender_of = dict(pair for each in checked for pair in each.borrows)
    for each in checked:
        for who, lender in each.borrows:
            if lender not in known:
                there = ", ".join(sorted(set(known) - {who})) or "no other"
                found[each.path].append(
                    f"{each.path}: labels.propose_with names {lender!r}, which this project does not have, or asks "
                    f"nothing by that name; there are: {there}"
                )
            elif (chain := _chain(who, lender_of))[-1] == who != lender:
                found[each.path].append(
                    f"{each.path}: labels.propose_with goes round in a circle, {' -> '.join(chain)}; remove it from "
                    "one of them"
                )
    return found


def _chain(who: str, lender_of: Mapping[str, str]) -> list[str]:
    """Who proposes with whose model, from one on, until there is no next or one comes again."""
    chain = [who]
    while (following := lender_of.get(chain[-1])) is not None:
        chain.append(following)
        if chain.count(following) > 1:
            break
    return chain
