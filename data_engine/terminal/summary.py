"""Prints the summary at the end of a run: worth of the subset, funnel, balance, labels, time, places.

Its figures and their format are in `data_engine.reporting`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.corpus import Corpus, Labels
from data_engine.labeling.answers.object_forms import OBJECTS
from data_engine.reporting import number_format
from data_engine.reporting.metrics.balance_warning import worse_than_random
from data_engine.reporting.metrics.concepts import KNOWN_LABELS, top_level_warning
from data_engine.reporting.metrics.funnel import Metrics, headline, stages
from data_engine.reporting.metrics.known_labels import called_truth
from data_engine.reporting.metrics.metric import Metric, by_name
from data_engine.reporting.metrics.subset_worth import table_of_methods, verdict
from data_engine.reporting.questions import metrics_of_corpus, metrics_of_question
from data_engine.reporting.simulation_notice import simulation
from data_engine.terminal.plain_text import plain, shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDTH = 100
BAR = 36
_EIGHTHS = " ▏▎▍▌▋▊▉"


def print_summary(
    console: "Console",
    *,
    corpus: Corpus,
    metrics: pa.Table,
    seconds: Mapping[str, float],
    places: Mapping[str, str],
    next_steps: Sequence[str],
    warnings: Sequence[str] = (),
    of_earlier: str = "",
) -> None:
    """Print what a run did: worth of the subset, funnel, balance, labels, time, where things are, what to try next.

    Args:
        console: where to print; at most 100 columns are used, and nothing depends on colour.
        corpus: what was run.
        metrics: the quality report; parts that were not measured are left out.
        seconds: wall seconds of every step.
        places: names of what was written to where it is.
        next_steps: commands, or sentences, to go on with.
        warnings: what does not hold, said before everything else.
        of_earlier: why the figures are not those of this run; empty where they are.
    """
    from rich.padding import Padding

    names = [question.name for question in corpus.questions]
    known = by_name(metrics_of_corpus(metrics, names))
    by_question = {question.name: by_name(metrics_of_question(metrics, question.name)) for question in corpus.questions}
    parts = [
        _opening(corpus, known, seconds, warnings, of_earlier),
        _worth(corpus, known),
        _funnel(known),
        _balance(known),
        _methods(corpus, known),
        *(_labels(of, labels, name) for name, of, labels in _asked(corpus, known, by_question)),
        _seconds(seconds),
        _pairs("Where it is", places),
        _steps(next_steps),
    ]
    for part in parts:
        if part is not None:
            shown = Padding(part, (1, 1, 0, 1))
            console.print(shown, width=min(WIDTH, console.width), highlight=False, markup=False)
    console.print()


def bar(share: float, width: int = BAR) -> str:
    """A bar of up to `width` characters in steps of an eighth; never empty for a share above 0."""
    eighths = max(round(share * width * 8), int(share > 0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _opening(
    corpus: Corpus, known: Metrics, seconds: Mapping[str, float], warnings: Sequence[str], of_earlier: str
) -> "RenderableType":
    from rich.text import Text

    text = Text()
    text.append(shown(corpus.release.title or number_format.plain(corpus.name)), style="bold")
    if seconds:
        text.append(f"  in {number_format.duration(sum(seconds.values()))}", style="dim")
    if of_earlier:
        text.append(shown(f"\n{of_earlier}"), style="bold yellow")
    text.append(shown(f"\n{headline(known)}"))
    for said in filter(None, (worse_than_random(known), *warnings)):
        text.append(shown(f"\nWARNING: {said}"), style="bold yellow")
    return text


def _grid(title: str, *columns: str) -> "Table":
    """A table without lines; each column is `left` or `right`."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.title, grid.title_justify, grid.title_style = plain(title), "left", "bold cyan"
    for side in columns:
        grid.add_column(justify="right" if side == "right" else "left", overflow="fold", no_wrap=side == "right")
    return grid


def _worth(corpus: Corpus, known: Metrics) -> "RenderableType | None":
    """What a classifier learns from the subset and from others of its size; without labels, what they cover."""
    found = table_of_methods(known)
    if not found:
        return None
    from rich.console import Group

    columns = {"macro_accuracy": "accuracy", "rare_recall": "rarest third", "class_coverage": "covered"}
    shown = {name: title for name, title in columns.items() if name in found[0].figures}
    grid = _grid("Does the subset teach?", "left", "left", *["right"] * (len(shown) + 1))
    leading = "macro_accuracy" if "macro_accuracy" in shown else "distance"
    most = max(row.figures[leading].value for row in found if leading in row.figures) or 1.0
    better = "accuracy; longer is better" if leading == "macro_accuracy" else "distance; shorter is better"
    grid.add_row("", plain(better, "dim"), *(plain(title, "dim") for title in (*shown.values(), "distance")))
    for row in found:
        style = "green" if row.method == corpus.subset.method else "cyan"
        share = row.figures[leading].value / most if leading in row.figures else 0.0
        figures = [_figure(row.figures.get(name)) for name in shown] + [f"{row.figures['distance'].value:.3f}"]
        grid.add_row(number_format.plain(row.method), plain(f"{bar(share, 28):<28}", style), *figures)
    taken = "The labels that the data give (labels.given) are taken for the truth."
    by_given = [plain(taken, "dim")] if corpus.known_label_column is None and corpus.labels.given else []
    return Group(plain(verdict(known, has_labels=corpus.has_labels), "bold"), *by_given, "", grid)


def _funnel(known: Metrics) -> "Table | None":
    found = stages(known)
    if not found:
        return None
    grid = _grid("Funnel", "left", "left", "right", "left")
    for stage in found:
        lost = f"lost: {stage.lost}" if stage.lost else stage.meaning
        grid.add_row(plain(stage.name), plain(f"{bar(stage.share):<{BAR}}", "cyan"), f"{stage.n:,}", plain(lost, "dim"))
    return grid


def _balance(known: Metrics) -> "Table | None":
    names = {"raw": "all samples", "random": "random subset", "balanced": "balanced subset"}
    rows = [
        (scope, name, known[("kl_to_uniform", scope)])
        for scope, name in names.items()
        if ("kl_to_uniform", scope) in known
    ]
    if not rows:
        return None
    over = next((f" over {m.value:,.0f} {scope}" for (name, scope), m in known.items() if name == "groups"), "")
    grid = _grid(f"Balance{over}", "left", "left", "right", "right", "right")
    most = max(metric.value for _, _, metric in rows) or 1.0
    grid.add_row(
        "",
        plain("KL to uniform in nats; shorter is more even", "dim"),
        "",
        *(plain(t, "dim") for t in ("largest", "covered")),
    )
    for scope, name, metric in rows:
        largest, covered = known.get(("largest_class_share", scope)), known.get(("class_coverage", scope))
        style = "green" if scope == "balanced" else "cyan"
        line = f"{bar(metric.value / most):<{BAR}}"
        grid.add_row(
            plain(name), plain(line, style), number_format.figure(metric), *(_figure(m) for m in (largest, covered))
        )
    return grid


def _methods(corpus: Corpus, known: Metrics) -> "RenderableType | None":
    """The methods side by side over the first grouping that was measured, and the warning of too few clusters."""
    from rich.console import Group

    found = [scope.split(" over ", 1) for name, scope in known if name == "kl_of_method"]
    warning = top_level_warning(known, corpus.subset.method)
    parts: list[RenderableType] = [plain(f"NOTE: {warning}", "bold yellow")] if warning else []
    if found:
        over = found[0][1]
        rows = [(method, known[("kl_of_method", f"{method} over {over}")]) for method, o in found if o == over]
        shown_over = called_truth(corpus) if over == KNOWN_LABELS else over
        grid = _grid(f"Ways to choose, over {shown_over}", "left", "left", "right", "right", "right")
        most = max(metric.value for _, metric in rows) or 1.0
        said = "mean KL of several such subsets; shorter is more even"
        grid.add_row("", plain(said, "dim"), "", *(plain(title, "dim") for title in ("largest", "covered")))
        for method, metric in rows:
            rest = (known.get((name, metric.scope)) for name in ("largest_share_of_method", "coverage_of_method"))
            line = plain(f"{bar(metric.value / most):<{BAR}}", "green" if method == rows[0][0] else "cyan")
            grid.add_row(
                plain(number_format.plain(method)), line, number_format.figure(metric), *(_figure(m) for m in rest)
            )
        parts = [grid, *(["", *parts] if parts else [])]
    return Group(*parts) if parts else None


def _figure(metric: Metric | None) -> str:
    return number_format.figure(metric) if metric else ""


def _asked(corpus: Corpus, known: Metrics, by_question: Mapping[str, Metrics]) -> list[tuple[str, Metrics, Labels]]:
    """Name, metrics and block of each of several questions; of a corpus with one, without a name."""
    if not by_question:
        return [("", known, corpus.labels)]
    return [(question.name, by_question[question.name], question) for question in corpus.questions]


def _given_in_hold_out(labels: Labels) -> bool:
    return labels.given is not None and labels.given.in_hold_out


def _labels(known: Metrics, labels: Labels, question: str) -> "RenderableType | None":
    """Figures of labels and classifier, in the words of the kind of answers.

    It says where the hold-out holds labels that the data give.
    """
    titles = {
        "label_accuracy": "agree with known class",
        "label_quality": "mean label quality",
        "classifier_accuracy": "classifier on hold-out",
        "calibration_error": "calibration error",
        "query_accuracy": "query batches alone",
        "control_accuracy": "control batches alone",
        "accepted_share": "accepted by the gate",
        "gate_lower_bound": "... certified precision",
        "trap_catch_rate": "traps caught",
    }
    if labels.kind == OBJECTS:
        titles["classifier_accuracy"] = "hold-out images proposed right"
    if _given_in_hold_out(labels):
        titles |= {name: f"{titles[name]} (imported)" for name in ("classifier_accuracy", "calibration_error")}
    rows = [(text, known[(name, "all")]) for name, text in titles.items() if (name, "all") in known]
    if not rows:
        return None
    from rich.console import Group

    grid = _grid(f"Labels: {question}" if question else "Labels", "left", "right", "left", "right")
    for text, metric in rows:
        spread = number_format.interval(metric)
        n = f"n = {metric.n:,}" if metric.n is not None else ""
        grid.add_row(text, number_format.figure(metric), plain(spread, "dim"), plain(n, "dim"))
    warning = simulation(known)
    return Group(plain(f"SIMULATED: {warning}", "bold yellow"), "", grid) if warning else grid


def _seconds(seconds: Mapping[str, float]) -> "Table | None":
    if not seconds:
        return None
    grid = _grid("Time", "left", "left", "right")
    most = max(seconds.values()) or 1.0
    for name, value in seconds.items():
        grid.add_row(
            plain(number_format.plain(name)),
            plain(f"{bar(value / most):<{BAR}}", "cyan"),
            number_format.duration(value),
        )
    return grid


def _pairs(title: str, pairs: Mapping[str, str]) -> "Table | None":
    if not pairs:
        return None
    grid = _grid(title, "left", "left")
    for name, value in pairs.items():
        grid.add_row(plain(name), plain(value, "bold"))
    return grid


def _steps(next_steps: Sequence[str]) -> "Table | None":
    if not next_steps:
        return None
    grid = _grid("What to try next", "left")
    for step in next_steps:
        grid.add_row(plain(step))
    return grid
