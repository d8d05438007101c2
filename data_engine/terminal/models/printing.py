"""Versions of micro-models on the terminal: the list, and the card of one.

The commands are in `commands.py`.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.runtime.models.model_card import model_card
from data_engine.runtime.models.model_versions import RUN_ID, find_version, model_versions, why_void
from data_engine.runtime.models.promotions import hand_promotions, in_force, promotion_in_force
from data_engine.terminal.plain_text import plain, shown
from data_engine.terminal.row_formats import write_rows
from data_engine.terminal.tables import print_columns, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.runtime.corpus_runtime import CorpusRuntime

_LISTED = (
    ("version", "classifier_version"),
    ("model", "model"),
    ("rounds", "n_rounds"),
    ("trained_on", "n_training"),
    ("accuracy", "accuracy"),
    ("low", "accuracy_low"),
    ("high", "accuracy_high"),
    ("hold_out", "n_hold_out"),
    ("encoder", "encoder_version"),
    ("borrowed_from", "borrowed_from"),
    ("comparison", "comparison"),
)
_OF_NETWORKS = ("network_version", "n_training", "n_held_out", "iou", "iou_against", "low", "high", "took_over")
_IN_A_TABLE = 8
"""How many of these fit a terminal."""


def print_versions(runtime: "CorpusRuntime", *, console: "Console", form: str = "table") -> None:
    """Every version of a corpus, the newest last, which of them is in service, and by whom."""
    versions, held = model_versions(runtime), promotion_in_force(runtime)
    void = "" if held is None else why_void(runtime, held)
    by_hand = None if held is None or void else held.classifier_version
    states = [
        _state(version, is_in_service=is_in_service, by_hand=by_hand)
        for version, is_in_service in zip(*map(versions.column, ("classifier_version", "is_in_service")), strict=True)
    ]
    names = _LISTED if form != "table" else _LISTED[:_IN_A_TABLE]
    rows = pa.table({name: versions[column] for name, column in names}).append_column(
        "in_service", pa.array(states, pa.string())
    )
    if form != "table":
        write_rows(rows, form, console.file)
        return
    if not rows.num_rows:
        console.print(plain(f"no version yet; data-engine run {runtime.corpus.name} trains one on what is answered"))
        return
    print_table(rows, console=console, limit=rows.num_rows)
    for row in versions.to_pylist():
        if row["borrowed_from"] is not None:
            corpus, _, lent = row["borrowed_from"].partition("/")
            said = f"version {row['classifier_version']} is {lent} of the corpus {corpus} (labels.propose_with), "
            console.print(plain(f"{said}calibrated on the hold-out here"), soft_wrap=True)
    if held is not None:
        said = f"version {held.classifier_version} was promoted by hand: {held.told}"
        said += f"; it is not in service: {void}" if void else ""
        console.print(plain(said), soft_wrap=True)


def print_networks(runtime: "CorpusRuntime", *, console: "Console", form: str = "table") -> None:
    """Every network for masks, the newest last, and what predicts masks now.

    Raises: InvalidInput where the corpus asks for classes.
    """
    from data_engine.runtime.models.mask_networks import network_versions, segmenter_in_service

    name = runtime.corpus.name
    if not runtime.corpus.asks_for_objects:
        raise InvalidInput(f"corpus {name} asks for classes and has no networks for masks; leave --network out")
    serves = segmenter_in_service(runtime).version
    found = network_versions(runtime)
    rows = [
        {column: row[column] for column in _OF_NETWORKS}
        | {"in_service": "yes" if row["network_version"] == serves else ""}
        for row in found
    ]
    table = pa.Table.from_pylist(rows) if rows else pa.table({column: [] for column in (*_OF_NETWORKS, "in_service")})
    if form != "table":
        write_rows(table, form, console.file)
        return
    if rows:
        print_table(table, console=console, limit=len(rows))
    else:
        console.print(plain(f"no network yet; data-engine models train-masks --corpus {name} trains one"))
    console.print(plain(f"masks are predicted by {serves}"), soft_wrap=True)
    held = in_force(hand_promotions(runtime.store(), of_networks=True))
    if held is not None:
        console.print(plain(held.told), soft_wrap=True)


def print_card(runtime: "CorpusRuntime", start: str, *, console: "Console", form: str = "table") -> None:
    """The card of one version. Raises: InvalidInput for an unknown version."""
    from data_engine.runtime.check_gate import accepted_tables

    row = find_version(runtime, start)
    figures = accepted_tables(runtime, run_id=RUN_ID, as_step="classifier").read("classifier_figures")
    card = model_card(row, figures, hand_promotions(runtime.store()))
    if form != "table":
        write_rows(card, form, console.file)
        return
    rows = card.to_pylist()
    for section in dict.fromkeys(row["section"] for row in rows):
        console.print(plain(section, "bold"))
        here = [row for row in rows if row["section"] == section]
        if any(row["n"] is not None for row in here) and section.startswith("by "):
            columns = [[row["name"] for row in here], [row["value"] for row in here], [_interval(row) for row in here]]
            counts = [str(row["n"]) for row in here]
            named = zip(("", "share", "90 % interval"), columns, (False, True, True), strict=True)
            print_columns([*named, ("n", counts, True)], console=console)
            continue
        for row in here:
            interval = f" (90 % interval {_interval(row)}, n = {row['n']})" if row["low"] is not None else ""
            console.print(plain(f"  {row['name']}: {shown(row['value'])}{interval}"), soft_wrap=True)


def _interval(row: dict[str, float]) -> str:
    return f"{row['low']:.3f} to {row['high']:.3f}"


def _state(version: pa.Scalar, *, is_in_service: pa.Scalar, by_hand: str | None) -> str:
    if version.as_py() == by_hand:
        return "yes, by hand" if is_in_service.as_py() else "from the next run on, by hand"
    if is_in_service.as_py():
        return "yes" if by_hand is None else "until the next run"
    return ""
