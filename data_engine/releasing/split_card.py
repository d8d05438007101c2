"""What the data card says of the splits of a release.

The rest of the data card is in `data_card.py`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.release_formats.released import SPLITS
from data_engine.releasing.markdown_text import escaped, table
from data_engine.releasing.splits import Leaks
from data_engine.reporting import number_format


def splits_said(rows: pa.Table, settings: Mapping[str, Any], leaks: Leaks) -> dict[str, Any]:
    """What a manifest says of the splits: their settings, samples and clusters in each, and the leaks."""
    return {
        **settings,
        "samples": {name: len(part) for name, part in _parts(rows).items()},
        "clusters": {name: len(pc.unique(part["leaf"])) for name, part in _parts(rows).items()},
        "leaks": leaks.said(),
    }


def splits_section(rows: pa.Table, manifest: Mapping[str, Any]) -> str:
    """The section of the splits; empty where the release has none."""
    said = manifest.get("splits")
    if not said:
        return ""
    lines = [
        (name, f"{n:,}", number_format.share(n / rows.num_rows), f"{said['clusters'][name]:,}")
        for name, n in said["samples"].items()
    ]
    missing = _missing_classes(rows)
    parts = ["## Splits", table(("split", "samples", "share", "clusters"), lines), _leaks(said), *missing]
    return "\n\n".join(parts)


def _ground(said: Mapping[str, Any]) -> str:
    """How tiles of scenes were kept together, and which ones lie at a border all the same."""
    ground = said["ground"]
    together = "Tiles that overlap or touch, and all that hang together in this way,"
    if ground["block_km"] is not None:
        together = f"Tiles whose middle lies in one block of ground of about {ground['block_km']:g} km"
    return (
        f"{together} are on one side, in the column `split`: {ground['n_groups']:,} groups. Spatial leak check: "
        f"{ground['n_touching_another_split']:,} tiles outside `train` overlap or touch one of another split."
    )


def _near_duplicates(said: Mapping[str, Any], across: str) -> str:
    leaks = said["leaks"]
    return (
        f"{leaks['n']:,} of {leaks['n_compared']:,} samples outside `train` that were compared with all samples of "
        f"other splits have one of a cosine of at least {said['least_cosine']:g} there, which looks alike and lies "
        f"elsewhere; {across}."
    )


def _leaks(said: Mapping[str, Any]) -> str:
    leaks = said["leaks"]
    across = "no pair across splits was compared"
    if leaks["highest_cosine"] is not None:
        across = f"the most similar pair across splits has the cosine {leaks['highest_cosine']:.2f}"
    if "ground" in said:
        return f"{_ground(said)} {_near_duplicates(said, across)}"
    whole = str(said.get("whole", "clusters")).capitalize()
    return (
        f"{whole} and near duplicates (cosine of at least {said['least_cosine']:g}) are on one side, in the column "
        f"`split`. Leak check: {leaks['n']:,} of {leaks['n_compared']:,} samples outside `train` that were compared "
        f"with all samples of other splits have a near duplicate there; {across}."
    )


def _missing_classes(rows: pa.Table) -> list[str]:
    """A sentence for each split that lacks classes."""
    classes = set(rows["label"].drop_null().to_pylist())
    found = []
    for name, part in _parts(rows).items():
        lacking = sorted(classes - Counter(part["label"].to_pylist()).keys())
        if lacking:
            some = ", ".join(escaped(label) for label in lacking[:5]) + (", ..." if len(lacking) > 5 else "")
            found.append(f"`{name}` has no sample of {len(lacking):,} of {len(classes):,} classes: {some}.")
    return found


def _parts(rows: pa.Table) -> dict[str, pa.Table]:
    parts = {name: rows.filter(pc.equal(rows["split"], name)) for name in SPLITS}
    return {name: part for name, part in parts.items() if part.num_rows}
