"""OpenLineage events: one for each materialization, with the columns that each column comes from.

Where they go is the library's own configuration: `OPENLINEAGE_URL`, `OPENLINEAGE__TRANSPORT__TYPE` and the like, or a
file `openlineage.yml`. Without any nothing is sent. An event that cannot be sent is a warning, and never stops a run;
after it none is tried for some minutes, because the library waits for each up to half a minute.
"""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

logger = logging.getLogger(__name__)

PRODUCER = "https://pypi.org/project/data-engine"
_NAMESPACE = "data-engine"
_FILE = "openlineage.yml"

PAUSE_S = 300.0
"""Seconds after an event that could not be sent in which this process tries none."""

Sources = Mapping[str, Sequence[tuple[str, str]]]


def is_configured() -> bool:
    """Whether the library was told where events go; by default it would print them."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    named = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    if any(os.environ.get(name) for name in named) or any(name.startswith("OPENLINEAGE__") for name in os.environ):
        return True
    return any((folder / _FILE).is_file() for folder in (Path.cwd(), Path.home() / ".openlineage"))


def emit(asset: Sequence[str], types: Mapping[str, str], sources: Sources, *, run_id: str, n_rows: int) -> None:
    """Say that an asset was materialized; does nothing where nobody configured OpenLineage.

    Args:
        asset: Parts of its key; the first is the corpus.
        types: Its columns with their types.
        sources: By column, the assets (joined by dots, without the corpus) and columns that it comes from.
        run_id: The run of Dagster.
        n_rows: Rows written.
    """
    if not is_configured() or _pause.lasts():
        return
    try:
        _client().emit(event_of(asset, types, sources, run_id=run_id, n_rows=n_rows, now=datetime.now(UTC)))
    except ImportError as error:
        logger.warning(
            'no OpenLineage event: %s; pip install "data-engine[openlineage]", or unset OPENLINEAGE_*', error
        )
    except Exception as error:
        # Whatever a transport raises: a catalogue that is down is no reason to fail what was materialized.
        _pause.begin()
        logger.warning(
            "the OpenLineage event of %s was not sent, nor will any be in the next %.0f minutes: %s; look at "
            "OPENLINEAGE_URL, or set OPENLINEAGE_DISABLED=true",
            "/".join(asset), PAUSE_S / 60, error,
        )  # fmt: skip


def event_of(
    asset: Sequence[str], types: Mapping[str, str], sources: Sources, *, run_id: str, n_rows: int, now: datetime
) -> "RunEvent":
    """The event of a materialization: a job that is the asset, its inputs, and its output with schema and lineage."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import column_lineage_dataset, output_statistics_output_dataset, schema_dataset

    corpus = asset[0]
    fields = {
        column: column_lineage_dataset.Fields(
            [column_lineage_dataset.InputField(_NAMESPACE, f"{corpus}.{of}", name) for of, name in pairs]
        )
        for column, pairs in sources.items()
        if pairs
    }
    columns = [schema_dataset.SchemaDatasetFacetFields(name, kind) for name, kind in types.items()]
    facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(columns)}
    if fields:
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(fields)
    n_written = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=n_rows)
    name = ".".join(asset)
    return RunEvent(
        eventTime=now.isoformat(),
        producer=PRODUCER,
        eventType=RunState.COMPLETE,
        run=Run(_run_of(run_id, name)),
        job=Job(_NAMESPACE, name),
        inputs=[
            InputDataset(_NAMESPACE, f"{corpus}.{each}")
            for each in sorted({of for pairs in sources.values() for of, _ in pairs})
        ],
        outputs=[OutputDataset(_NAMESPACE, name, facets=facets, outputFacets={"outputStatistics": n_written})],
    )


def _run_of(run_id: str, name: str) -> str:
    """A run of Dagster materializes many assets; each is a run of its own job, whose id follows from both."""
    return str(uuid5(UUID(run_id) if _is_uuid(run_id) else NAMESPACE_URL, f"{run_id}/{name}"))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class _Pause:
    """The time in which nothing is sent; of this process."""

    def __init__(self) -> None:
        self._until = float("-inf")

    def begin(self) -> None:
        """Begin it now."""
        self._until = time.monotonic() + PAUSE_S

    def end(self) -> None:
        """End it."""
        self._until = float("-inf")

    def lasts(self) -> bool:
        """Whether it lasts."""
        return time.monotonic() < self._until


_pause = _Pause()


@cache
def _client() -> Any:
    from openlineage.client import OpenLineageClient

    return OpenLineageClient()
