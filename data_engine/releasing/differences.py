"""What differs between two releases: by sample, and by class.

Where releases lie, and what the ledger says of a sample, is known to `data_engine.runtime.releases`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

ADDED, REMOVED, RELABELLED, MOVED = "added", "removed", "relabelled", "moved"


@dataclass(frozen=True)
class SampleDifference:
    """A sample that is not the same in two releases: its label and split before and after, "" where it has none."""

    sample_id: str
    change: str
    """One of added, removed, relabelled and moved (to another split, with the same label)."""
    label_before: str = ""
    label_after: str = ""
    split_before: str = ""
    split_after: str = ""


def differences(before: pa.Table, after: pa.Table) -> list[SampleDifference]:
    """The samples that differ between the rows of two releases, by kind of change and then by id.

    Args:
        before: Rows as their files have them; of several questions a label is `question: label, ...`.
        after: Those of the other release.
    """
    one, other = _by_id(before), _by_id(after)
    found = [SampleDifference(key, ADDED, "", label, "", split) for key, (label, split) in other.items() - one.items()]
    found = [each for each in found if each.sample_id not in one]
    found += [
        SampleDifference(key, REMOVED, label, "", split, "") for key, (label, split) in one.items() if key not in other
    ]
    for key in one.keys() & other.keys():
        (label, split), (new_label, new_split) = one[key], other[key]
        if label != new_label or split != new_split:
            change = RELABELLED if label != new_label else MOVED
            found.append(SampleDifference(key, change, label, new_label, split, new_split))
    order = (ADDED, REMOVED, RELABELLED, MOVED)
    return sorted(found, key=lambda each: (order.index(each.change), each.sample_id))


def class_counts(before: pa.Table, after: pa.Table) -> dict[str, tuple[int, int]]:
    """How many samples of each class two releases have, sorted by class."""
    one, other = (Counter(label for label, _ in _by_id(rows).values()) for rows in (before, after))
    return {label: (one[label], other[label]) for label in sorted(one.keys() | other.keys())}


def _by_id(rows: pa.Table) -> dict[str, tuple[str, str]]:
    """Label and split of every sample."""
    names = [name for name in rows.column_names if name == "label" or name.endswith("_label")]
    columns = ["sample_id", *names, *(["split"] if "split" in rows.column_names else [])]
    return {row["sample_id"]: (_label(row, names), row.get("split") or "") for row in rows.select(columns).to_pylist()}


def _label(row: Mapping[str, Any], names: list[str]) -> str:
    if names == ["label"]:
        return row["label"] or ""
    said = {name.removesuffix("_label"): row[name] for name in names if row[name] is not None}
    return ", ".join(f"{question}: {label}" for question, label in said.items())
