"""The command `data-engine estimate`: hours and bytes of a corpus of a given size on given machines.

The figures are from `data_engine.cost_model`.
"""

import sys
from typing import TYPE_CHECKING

import click
import pyarrow as pa

from data_engine.terminal.command_options import PRINTED_AS

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.cost_model import Cost, Machines, Workload

_MOST_SAMPLES = 1e18


def _n_samples(_context: click.Context, _option: click.Parameter, value: float) -> int:
    if not 1 <= value <= _MOST_SAMPLES:
        raise click.BadParameter(f"{value:g} is no number of texts; give one from 1 to {_MOST_SAMPLES:g}")
    return int(value)


_COUNT = click.IntRange(1)


@click.command()
@click.option("--samples", type=float, required=True, callback=_n_samples, help="Texts that arrive, such as 1e9.")
@click.option("--nodes", type=_COUNT, default=1, show_default=True, help="Machines, all alike.")
@click.option("--cores", type=_COUNT, default=64, show_default=True, help="Cores of each.")
@click.option("--gpus", type=click.IntRange(0), default=0, show_default=True, help="GPUs of each.")
@click.option("--text-bytes", type=_COUNT, default=4096, show_default=True, help="Bytes of a text, on average.")
@click.option("--kept", type=click.FloatRange(0, 1), default=0.6, show_default=True, help="Share past the first pass.")
@click.option("--parameters", type=click.FloatRange(0), default=86e6, show_default=True, help="Of the encoder.")
@click.option("--tokens", type=_COUNT, default=256, show_default=True, help="Of a text, as the encoder reads it.")
@click.option("--dim", type=_COUNT, default=768, show_default=True, help="Values of an embedding.")
@click.option("--clusters", type=_COUNT, help="Of level 1; one for 60 kept samples, at most 10 million, if left out.")
@PRINTED_AS
def estimate(
    samples: int,
    nodes: int,
    cores: int,
    gpus: int,
    text_bytes: int,
    kept: float,
    parameters: float,
    tokens: int,
    dim: int,
    clusters: int | None,
    form: str,
) -> None:
    """Estimate hours and bytes of each kind of work on a corpus of texts; nothing is read or run."""
    from data_engine.cost_model import Machines, Workload
    from data_engine.terminal.row_formats import write_rows

    workload = Workload(
        n_samples=samples,
        text_bytes=text_bytes,
        kept=kept,
        parameters=parameters,
        tokens=tokens,
        dim=dim,
        n_clusters=clusters,
    )
    machines = Machines(nodes, cores, gpus)
    if form == "table":
        print_estimate(workload, machines, console=_console())
    else:
        write_rows(estimated(workload, machines), form, sys.stdout)


def estimated(workload: "Workload", machines: "Machines") -> pa.Table:
    """Each kind of work with its hours, if all machines share it evenly and as the engine divides it today."""
    from data_engine.cost_model import costs, costs_today

    shared, today = costs(workload, machines), costs_today(workload, machines)
    return pa.table(
        {
            "work": [each.work for each in shared],
            "hours": [each.seconds / 3600 for each in shared],
            "is_counted": [each.is_counted for each in shared],
            "bytes": [each.n_bytes for each in shared],
            "bytes_are": [each.bytes_are for each in shared],
            "today_on": [each.today.value for each in shared],
            "hours_today": [each.seconds / 3600 if each.is_counted else None for each in today],
        }
    )


def print_estimate(workload: "Workload", machines: "Machines", *, console: "Console") -> None:
    """The costs as a table, their sums, and what they stand on."""
    from data_engine.cost_model import costs, costs_today
    from data_engine.terminal.plain_text import plain
    from data_engine.terminal.tables import print_columns

    shared, today = costs(workload, machines), costs_today(workload, machines)
    columns = [
        ("work", [*(each.work for each in shared), "all that is counted"], False),
        ("hours", [*map(_hours, shared), _sum(shared)], True),
        ("bytes", [*(_bytes(each.n_bytes) for each in shared), ""], True),
        ("of", [*(each.bytes_are for each in shared), ""], False),
        ("today on", [*(each.today.value for each in shared), ""], False),
        ("hours today", [*map(_hours, today), _sum(today)], True),
    ]
    print_columns(columns, console=console)
    for line in _assumptions(workload, machines):
        console.print(plain(f"- {line}"), soft_wrap=True)


def _assumptions(workload: "Workload", machines: "Machines") -> list[str]:
    from data_engine.cost_model import work_costs as rates
    from data_engine.terminal.plain_text import counted

    w, m = workload, machines
    of_cores = f"{rates.ENCODER_PER_CORE / 1e9:g} GFLOP/s a core in the encoder, {rates.KMEANS_PER_CORE / 1e9:g} in "
    of_cores += "k-means"
    of_gpus = f"encoder and k-means at {rates.PER_GPU / 1e12:g} TFLOP/s a GPU"
    return [
        f"{w.n_samples:,} texts of {w.text_bytes:,} bytes, of which the first pass keeps {w.kept:.0%}; an encoder of "
        f"{w.parameters / 1e6:g} million parameters reads {w.tokens:,} tokens of each and gives {w.dim:,} values of "
        f"{w.value_bytes} bytes",
        f"{counted(m.n_nodes, 'node')} of {counted(m.cores, 'core')}, {counted(m.gpus, 'GPU')}, "
        f"{rates.NETWORK * 8 / 1e9:g} Gbit/s and {rates.MEMORY / 1e9:g} GB for embeddings",
        f"{of_gpus if m.gpus else of_cores}; {rates.RULES_PER_CORE:,.0f} texts a second and core for the rules, "
        f"{rates.PAIRS_PER_CORE:,.0f} for near duplicates; {rates.ITERATIONS} iterations of k-means at each level",
        "hours: all nodes share the work evenly and none waits; in brackets what the total leaves out, because there "
        "is a faster way",
        "hours today: as the engine is; several nodes work on batches side by side where it says so, with Postgres and "
        "a data folder that all of them see, and the encoder's pool set to their number; all else is the work of one",
        "not in it: seeding of k-means, slow answers of a store, checks, SQL models, the report, and people who label",
    ]


def _hours(cost: "Cost") -> str:
    hours = cost.seconds / 3600
    said = f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 1 else f"{hours:.2g}"
    if hours < 0.001:
        said = "< 0.001"
    return said if cost.is_counted else f"({said})"


def _sum(found: "list[Cost]") -> str:
    return f"{sum(each.seconds for each in found if each.is_counted) / 3600:,.1f}"


def _bytes(n_bytes: float) -> str:
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes:.0f} B"


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)
