"""What a run says on its way: the levels of a tree, changed classes, review batches that ask again, a new queue.

The plan of a run is in `runner.py`, its summary in `data_engine.terminal`.
"""

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from data_engine.runtime.amendments.class_changes import ask_again, follow_classes
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import batches_without_queue
from data_engine.terminal.plain_text import counted, plain

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.terminal.run_summary import RunOutcome


def say_levels(runtime: CorpusRuntime, console: "Console") -> None:
    """Print why the automatic levels of the tree are as they are."""
    sentences = runtime.store().read("tree_explanation")["sentence"].to_pylist()
    console.print(Padding(plain(" ".join(sentences)), (0, 0, 0, 6)), style="dim", highlight=False)


def say_before_labels(runtime: CorpusRuntime, console: "Console") -> None:
    """Tell the queue of changed classes, and print what that does; print that a queue lacks batches of the tables."""
    unknown = ", ".join(batches_without_queue(runtime))
    if unknown:
        said = f"  the review queue is new, or an older copy: it does not have {unknown}, whose answers stay in "
        console.print(plain(f"{said}the tables; rounds are numbered on"))
    for said in follow_classes(runtime):
        console.print(plain(f"  {said}"))


def say_asked_again(runtime: CorpusRuntime, console: "Console") -> None:
    """Open a review batch about samples whose class was removed, where there are such, and print it."""
    opened = ask_again(runtime)
    if opened is not None:
        said = f" opened: {counted(opened[1], 'sample')} of removed classes to be asked about again"
        console.print(Text.assemble("  ", plain(opened[0], "bold"), said))


def say_waiting(outcome: "RunOutcome", console: "Console") -> None:
    """Print that nothing can be learnt, and so nothing is published, before review batches are answered."""
    named = ", ".join(outcome.waiting_for)
    said = f"labels, report and release stay as they are until {named} is answered ({outcome.waits_to_learn})"
    console.print(plain(f"  {said}"))
