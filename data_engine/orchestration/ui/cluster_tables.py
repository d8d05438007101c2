"""Tables and plots of the clusters of a tree, for the Dagster UI.

Names, qualities and examples of clusters are computed in `data_engine.cluster_summary`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.orchestration.ui.metadata import inline_image, markdown_table, verbatim
from data_engine.orchestration.ui.montages import strip, thumbnails_of
from data_engine.runtime.step_run import StepRun

if TYPE_CHECKING:
    from data_engine.reporting import Plot, Shown

_N_CLUSTERS, _N_WORST = 5, 10
_SNIPPET_CHARS = 100
_SHOWN_OF_ID = 8


def cluster_metadata(step_run: StepRun, summaries: pa.Table) -> dict[str, Any]:
    """Tables of the largest and smallest clusters of the coarsest level and of the least clear leaves.

    Args:
        step_run: the step's; its raw index has the samples.
        summaries: one row per cluster (schema CLUSTER_PORTRAITS).

    Returns: a table each, with their nearest and border samples; and the median silhouette of the leaves.
    """
    filled = _filled_levels(summaries)
    by_size = filled[-1].sort_by([("n_samples", "descending"), ("cluster", "ascending")])
    measured = filled[0].filter(pc.is_valid(filled[0]["silhouette"]))
    worst = measured.sort_by([("silhouette", "ascending"), ("cluster", "ascending")]).slice(0, _N_WORST)
    smallest = by_size.slice(max(by_size.num_rows - _N_CLUSTERS, _N_CLUSTERS))
    tables = {"largest clusters": by_size.slice(0, _N_CLUSTERS), "smallest clusters": smallest, "worst leaves": worst}
    as_markdown = (_image_table if step_run.corpus.samples.has_image else _text_table)(step_run, tables.values())
    shown = {name: as_markdown(rows) for name, rows in tables.items() if rows.num_rows}
    return shown | {"median silhouette of the leaves": pc.approximate_median(measured["silhouette"]).as_py()}


def cluster_plots(summaries: pa.Table) -> "dict[str, Plot]":
    """Plots of sizes, evenness and clearness of the clusters of every level."""
    from data_engine import reporting

    sizes = [level["n_samples"].to_numpy() for level in _levels(summaries)]
    return {
        "sizes": reporting.cluster_sizes_plot(sizes),
        "balance": reporting.lorenz_plot({f"level {k}": level for k, level in enumerate(sizes, start=1)}),
        "silhouettes": reporting.silhouette_plot(
            [level["silhouette"].to_pylist() for level in _filled_levels(summaries)]
        ),
    }


def _levels(summaries: pa.Table) -> list[pa.Table]:
    """The clusters of each level, the finest first."""
    numbers = sorted(summaries["level"].unique().to_pylist())
    return [summaries.filter(pc.equal(summaries["level"], number)) for number in numbers]


def _filled_levels(summaries: pa.Table) -> list[pa.Table]:
    """The same without empty clusters."""
    return [level.filter(pc.greater(level["n_samples"], 0)) for level in _levels(summaries)]


def _raw_rows(step_run: StepRun, sample_ids: Sequence[str]) -> pa.Table:
    """The raw rows of these samples; the others are never in memory."""
    wanted = {"sample_id": pa.array(sample_ids, pa.string())}
    return step_run.look_up("raw_index", columns=["sample_id", "uri", "text", "error"], among=wanted)


def _examples(tables: Iterable[pa.Table]) -> list[str]:
    lists = [keys for rows in tables for column in ("nearest", "border") for keys in rows[column].to_pylist()]
    return sorted({key for keys in lists for key in keys})


def _image_table(step_run: StepRun, tables: Iterable[pa.Table]) -> Callable[[pa.Table], Any]:
    """Makes tables of a line per cluster, with its images."""
    thumbnails = thumbnails_of(step_run, _examples(tables))

    def images(row: Mapping[str, Any], place: str) -> str:
        found = strip(thumbnails, row[place])
        return inline_image(found, place) if found else ""

    def table(rows: pa.Table) -> Any:
        lines = [
            (
                str(row["cluster"]),
                f"{row['n_samples']:,}",
                _quality(row),
                images(row, "nearest"),
                images(row, "border"),
            )
            for row in rows.to_pylist()
        ]
        return markdown_table(("cluster", "samples", "silhouette", "nearest", "border"), lines)

    return table


def _text_table(step_run: StepRun, tables: Iterable[pa.Table]) -> Callable[[pa.Table], Any]:
    """Makes tables of a line per example."""
    from data_engine import reporting

    ids = _examples(tables)
    shown = reporting.shown_samples(_raw_rows(step_run, ids), ids, most=_SNIPPET_CHARS)
    return lambda rows: _table(rows, shown)


def _quality(row: Mapping[str, Any]) -> str:
    return "" if row["silhouette"] is None else f"{row['silhouette']:.2f}"


def _table(rows: pa.Table, shown: "Mapping[str, Shown]") -> Any:
    """A row per example; the first row of a cluster carries its name and size."""
    lines: list[tuple[str, ...]] = []
    for row in rows.to_pylist():
        about = (str(row["cluster"]), verbatim(row["name"] or ""), f"{row['n_samples']:,}", _quality(row))
        for place in ("nearest", "border"):
            for key in row[place]:
                if key in shown:
                    lines.append((*about, place, sample_as_markdown(shown[key])))
                    about = ("", "", "", "")
    return markdown_table(("cluster", "name", "samples", "silhouette", "place", "sample"), lines)


def sample_as_markdown(sample: "Shown") -> str:
    """A sample in a cell of a table in the Dagster UI: the start of its id, and its text."""
    return verbatim(f"{sample.sample_id[:_SHOWN_OF_ID]} {sample.text}")
