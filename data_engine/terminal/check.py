"""What `data-engine check` prints: every finding with its remedy, as a table, as CSV or as JSON.

The checks themselves are in `data_engine.runtime.integrity`.
"""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.plain_text import counted
from data_engine.terminal.progress_bars import bars
from data_engine.terminal.row_formats import write_json, write_rows

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.runtime.integrity.finding import Finding


_COLUMNS = pa.schema([(name, pa.string()) for name in ("severity", "check", "where", "what", "remedy")])


def print_check(runtime: CorpusRuntime, *, console: "Console", form: str = "table", mends_pins: bool = False) -> bool:
    """Check the data of a corpus and print what was found. Returns: whether nothing is damaged or lost.

    Args:
        runtime: The corpus.
        console: Where to print.
        form: How the findings are printed.
        mends_pins: Whether the list of pinned versions is written anew before.
    """
    from rich.console import Console as RichConsole

    from data_engine.runtime.integrity.pins import mend_pins
    from data_engine.runtime.integrity.registry import check_corpus

    if mends_pins:
        mend_pins(runtime)
    # Bars go to the error stream, so that what is printed can be read by a program.
    with bars(RichConsole(stderr=True)):
        findings = check_corpus(runtime)
    by_severity = Counter(finding.severity for finding in findings)
    if form == "csv":
        write_rows(pa.Table.from_pylist([asdict(finding) for finding in findings], schema=_COLUMNS), form, console.file)
    elif form == "json":
        said = {
            "corpus": runtime.corpus.name,
            "n_errors": by_severity["error"],
            "n_notes": by_severity["note"],
            "findings": [asdict(finding) for finding in findings],
        }
        write_json(said, console.file)
    else:
        _print_table(findings, console)
        is_whole = "the data are whole" if not by_severity["error"] else counted(by_severity["error"], "error")
        console.print(f"{runtime.corpus.name}: {is_whole}, {counted(by_severity['note'], 'note')}", markup=False)
    return not by_severity["error"]


def _print_table(findings: "list[Finding]", console: "Console") -> None:
    from rich.text import Text

    for finding in findings:
        color = "red" if finding.severity == "error" else "dim"
        console.print(Text.assemble((finding.severity, color), f"  {finding.where}"))
        console.print(Text(f"       {finding.what}"))
        # A command that is cut into lines is not what anybody can copy.
        console.print(Text(f"       remedy: {finding.remedy}", "dim"), soft_wrap=True)
