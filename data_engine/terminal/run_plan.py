"""What `data-engine plan` and `run` say of what differs since the last run, and what a run says that it changed.

What differs is found in `data_engine.runtime.changes`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from data_engine.runtime.changes.run_outcome import (
    Standing,
    answers_left_out,
    changes_of_a_run,
    warnings_now,
)
from data_engine.runtime.plan import STEPS
from data_engine.terminal.plain_text import plain

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.run_plan import RunPlan
    from data_engine.runtime.corpus_runtime import CorpusRuntime

_MOST_OF_A_KIND = 8
_LONGEST = 160


def print_plan(plan: "RunPlan", *, console: "Console") -> None:
    """What differs, by name, and the steps that will therefore be done; one line where nothing is to be done."""
    if plan.is_empty and not plan.differences and not plan.notes:
        _line(console, "nothing differs since the last run; every step is up to date")
    else:
        _line(console, _heading(plan))
        _print_differences(plan, console)
        if plan.certain:
            steps = ", ".join(_step(step, plan.certain[step]) for step in _in_order(plan.certain))
            _line(console, f"  {'to be done' if plan.is_first else 'done anew'}: {steps}")
        if plan.following:
            _line(console, f"  then, where what they read changes: {', '.join(_in_order(plan.following))}")
        if plan.waiting and plan.certain:
            _line(console, f"  once people have answered: {', '.join(_in_order(plan.waiting))}")
    for note in plan.notes:
        _line(console, f"  {note}")


def _heading(plan: "RunPlan") -> str:
    """The first line; another encoder is named in it, since everything that follows is made of its vectors."""
    if plan.is_first:
        return "nothing has been taken in yet: everything is to be done"
    if not plan.tells_encoder:
        return "what differs since the last run"
    encoder = next(each for each in plan.differences if (each.kind, each.name) == ("setting", "encoder"))
    return (
        f"the encoder differs since the last run, {encoder.before} -> {encoder.after}: every sample is embedded anew, "
        "and all that follows is made of the new vectors"
    )


def print_changes(runtime: "CorpusRuntime", before: Standing, *, console: "Console") -> None:
    """What a run changed in one line, which answers it left out, and that warnings stand above."""
    said = changes_of_a_run(runtime, before)
    if said:
        _line(console, f" changed: {', '.join(said)}", "bold")
    for each in runtime.asking:
        left_out = answers_left_out(each)
        if left_out:
            of = f" of {each.question}" if each.question else ""
            _line(console, f" left out{of}: {left_out}", "yellow")
    n = len(warnings_now(runtime))
    if n:
        stand = "1 warning stands" if n == 1 else f"{n:,} warnings stand"
        _line(console, f" {stand} at the top of this summary", "yellow")


def _print_differences(plan: "RunPlan", console: "Console") -> None:
    kinds = list(dict.fromkeys(difference.kind for difference in plan.differences))
    for kind in kinds:
        found = [difference for difference in plan.differences if difference.kind == kind]
        for difference in found[:_MOST_OF_A_KIND]:
            before = f"{_cut(difference.before)} -> " if difference.before else ""
            _line(console, f"  {kind:<8} {difference.name}  {before}{_cut(difference.after)}")
        if len(found) > _MOST_OF_A_KIND:
            more = len(found) - _MOST_OF_A_KIND
            _line(console, f"  {kind:<8} and {more:,} more; --format json of `data-engine plan` names all")


def _line(console: "Console", text: str, style: str = "") -> None:
    # Names are never broken: a terminal wraps what is too long by itself.
    console.print(plain(text, style), soft_wrap=True, highlight=False)


def _step(step: str, batches: list[str]) -> str:
    if not batches:
        return step
    return f"{step} ({', '.join(batches)})" if len(batches) <= 2 else f"{step} ({len(batches):,} batches)"


def _in_order(steps: Iterable[str]) -> list[str]:
    place = {step: number for number, step in enumerate(STEPS)}
    # The step of a question stands behind its name.
    return sorted(steps, key=lambda step: place.get(step.rpartition(" ")[2], len(place)))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
