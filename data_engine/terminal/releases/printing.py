"""What the commands of releases print.

What they do is in `data_engine.runtime.releases`.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.releasing import read_manifest
from data_engine.releasing.differences import class_counts
from data_engine.releasing.exporting import rows_of_folder
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.releases.release_life import Releases
from data_engine.storage.cleaning.leftovers import size_of
from data_engine.terminal.plain_text import counted, plain, shown
from data_engine.terminal.row_formats import write_json, write_rows
from data_engine.terminal.tables import print_table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

#: Rows of a difference that are printed on a terminal.
_SHOWN = 50

_RELEASES = pa.schema(
    [
        ("release_id", pa.string()),
        ("n_samples", pa.int64()),
        ("created_at", pa.string()),
        ("folder", pa.string()),
        ("problem", pa.string()),
        ("is_in_service", pa.bool_()),
        ("pinned", pa.string()),
        ("n_forgotten", pa.int64()),
        ("made_anew_at", pa.string()),
    ]
)


def print_releases(runtime: CorpusRuntime, *, console: "Console", form: str = "table") -> bool:
    """Every release folder, with its size and when it was made, the newest last.

    Returns: whether the manifest of each can be read; what is wrong with the others is said after the list, or in the
        column `problem`.
    """
    rows = _releases(runtime)
    if form != "table":
        write_rows(pa.Table.from_pylist(rows, schema=_RELEASES), form, console.file)
        return not any(row["problem"] for row in rows)
    if not rows:
        console.print(plain(f"no release yet; make one with data-engine run {runtime.corpus.name}"))
    for row in rows:
        if row["problem"]:
            continue
        size = counted(row["n_samples"], "sample")
        line = plain(row["release_id"], "bold").append(f"  {size}  ", "not bold").append(shown(row["created_at"]))
        console.print(line.append(shown(_marks(row)), "not bold"), soft_wrap=True)
        console.print(plain(f"  {row['folder']}", "dim"), soft_wrap=True)
    broken = [row["problem"] for row in rows if row["problem"]]
    for sentence in broken:
        console.print(plain(sentence, "red"), soft_wrap=True)
    return not broken


def _marks(row: dict[str, Any]) -> str:
    """What people decided about a release; empty where they decided nothing."""
    said = ["  in service"] if row["is_in_service"] else []
    said += [f"  pinned: {row['pinned']}"] if row["pinned"] else []
    said += [f"  {counted(row['n_forgotten'], 'sample')} forgotten since"] if row["n_forgotten"] else []
    said += [f", made anew without on {row['made_anew_at']}"] if row.get("made_anew_at") else []
    return "".join(said)


def _releases(runtime: CorpusRuntime) -> list[dict[str, Any]]:
    """The releases, those whose manifest cannot be read last, with what is wrong with it."""
    releases = Releases(runtime)
    folders, marks = releases.folders(), releases.marks
    # Where nobody went back, the newest is in service, and nothing has to be said of it.
    current = releases.current().name if folders else ""
    chosen = marks.in_service or (current if folders and current != folders[-1].name else "")
    rows: list[dict[str, Any]] = []
    for folder in folders:
        row: dict[str, Any] = {"release_id": folder.name, "folder": str(folder), "created_at": "", "problem": None}
        row |= {"is_in_service": folder.name == chosen, "pinned": marks.pinned.get(folder.name, {}).get("why")}
        row["n_forgotten"] = len(marks.forgotten.get(folder.name, ()))
        try:
            manifest = read_manifest(folder)
        except StorageError as error:
            rows.append({**row, "n_samples": None, "problem": str(error)})
            continue
        row["made_anew_at"] = (manifest.get("made_anew") or {}).get("at")
        rows.append({**row, "n_samples": manifest["n_samples"], "created_at": str(manifest.get("created_at", ""))})
    return sorted(rows, key=lambda row: (row["problem"] is not None, row["created_at"]))


def print_release(releases: Releases, folder: "Path", *, console: "Console", form: str = "table") -> None:
    """One release: its size, labels, splits, files, and what people decided about it; its manifest for programs."""
    manifest = read_manifest(folder)
    marks = releases.marks
    if form == "json":
        decided = {"pinned": marks.pinned.get(folder.name), "forgotten": marks.forgotten.get(folder.name, ())}
        write_json({**manifest, "marks": {"in_service": folder == releases.in_service(), **decided}}, console.file)
        return
    rows = rows_of_folder(folder)
    block = (manifest.get("configuration") or {}).get("release") or {}
    anew = manifest.get("made_anew") or {}
    facts = {
        **{name: str(block.get(name) or "") for name in ("title", "licence", "attribution")},
        "samples": f"{rows.num_rows:,}",
        "created": str(manifest.get("created_at", "")),
        "made anew": " from ".join(str(anew[key]) for key in ("at", "from") if key in anew),
        "folder": str(folder),
        "bytes": f"{size_of(folder):,}",
        "files": ", ".join([*manifest.get("files", {}), *(["images/"] if (folder / "images").is_dir() else [])]),
        "labels": ", ".join(f"{name} {n:,}" for name, n in manifest.get("labels_by_provenance", {}).items()),
        "classes": ", ".join(f"{name} {n:,}" for name, (n, _) in class_counts(rows, rows).items() if name),
        "splits": ", ".join(f"{name} {n:,}" for name, n in manifest.get("splits", {}).get("samples", {}).items()),
        "in service": "yes" if folder == releases.in_service() else "no",
        "pinned": ", ".join(f"{name}: {text}" for name, text in sorted(marks.pinned.get(folder.name, {}).items())),
    }
    console.print(plain(folder.name, "bold"))
    for name, text in facts.items():
        if text:
            console.print(plain(f"  {name:<11}", "dim").append(shown(text), "not dim"), soft_wrap=True)
    for each in marks.forgotten.get(folder.name, ()):
        text = f"  forgotten   {each['sample_id']} on {each['at']}: {each['reason']}"
        console.print(plain(text), soft_wrap=True)


def _quoted(text: str) -> str:
    return repr(text) if text else "nothing"


def print_differences(releases: Releases, one: str, other: str, *, console: "Console", form: str = "table") -> None:
    """What differs between two releases: how many of each kind, by class, and sample by sample with the reason."""
    before, after, found = releases.differences(one, other)
    names = ("sample_id", "change", "label_before", "label_after", "split_before", "split_after")
    rows = [{name: getattr(each, name) for name in names} | {"reason": why} for each, why in found]
    table = pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in (*names, "reason")]))
    if form != "table":
        write_rows(table, form, console.file)
        return
    kinds = Counter(each.change for each, _ in found)
    said = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()) or "no sample differs"
    for name, (text, new) in releases.declared_otherwise(one, other).items():
        console.print(plain(f"{name}: {_quoted(text)} before, {_quoted(new)} after"), soft_wrap=True)
    console.print(plain(f"{before.num_rows:,} samples before, {after.num_rows:,} after: {said}"), soft_wrap=True)
    counts = [(name, *n) for name, n in class_counts(before, after).items() if n[0] != n[1]]
    if counts:
        classes = {
            "class": [name for name, _, _ in counts],
            "before": [n for _, n, _ in counts],
            "after": [n for _, _, n in counts],
        }
        print_table(pa.table(classes), console=console)
    if found:
        empty = [name for name in ("split_before", "split_after") if not any(table[name].to_pylist())]
        print_table(table.drop_columns(empty), console=console, limit=_SHOWN)
