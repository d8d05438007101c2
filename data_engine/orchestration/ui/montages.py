"""Montages: what the Dagster UI shows of a corpus of images; a corpus of texts has none of them.

Thumbnails are made by `data_engine.images`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.runtime.step_run import StepRun

#: A montage of this many stays well below the 100 kB that the UI takes of an image.
MOST_SHOWN = 24
_COLUMNS, _CELL_PX = 8, 72


def montage_of_batch(corpus: Corpus, raw: pa.Table) -> dict[str, bytes]:
    """Some of the images of a raw index, under the title `images`."""
    if not corpus.samples.has_image:
        return {}
    return _titled({"images": pc.drop_null(raw.sort_by("sample_id")["thumbnail"]).slice(0, MOST_SHOWN).to_pylist()})


def montages_of_verdicts(step_run: StepRun, judged: pa.Table) -> dict[str, bytes]:
    """Some of the kept images, and of those that each rule rejected; `unreadable` has none to show."""
    if not step_run.corpus.samples.has_image:
        return {}
    raw = step_run.look_up("raw_index", columns=["uri", "thumbnail"], batch=step_run.batch)
    thumbnails = dict(zip(raw["uri"].to_pylist(), raw["thumbnail"].to_pylist(), strict=True))
    shown: dict[str, list[bytes]] = {}
    for row in judged.select(["sample_id", "uri", "reason"]).sort_by("sample_id").to_pylist():
        found = shown.setdefault(f"images: {row['reason']}", [])
        if len(found) < MOST_SHOWN and thumbnails[row["uri"]]:
            found.append(thumbnails[row["uri"]])
    return _titled(shown)


def montage_of_chosen(step_run: StepRun, chosen: pa.Table) -> dict[str, bytes]:
    """Images of a balanced subset, taken evenly over its leaves, under the title `chosen images`."""
    if not step_run.corpus.samples.has_image:
        return {}
    ids = chosen.sort_by([("top_cluster", "ascending"), ("leaf", "ascending")])["sample_id"]
    places = np.unique(np.linspace(0, len(ids), 2 * MOST_SHOWN, endpoint=False).astype(np.int64))
    wanted = ids.take(pa.array(places[places < len(ids)])).to_pylist()
    thumbnails = thumbnails_of(step_run, wanted)
    return _titled({"chosen images": [thumbnails[key] for key in wanted if key in thumbnails]})


def thumbnails_of(step_run: StepRun, sample_ids: Iterable[str]) -> dict[str, bytes]:
    """The thumbnails of these samples by their id, from the raw index; those without one are absent."""
    wanted = pc.field("sample_id").isin(pa.array(sorted(set(sample_ids)), pa.string()))
    rows = step_run.scan("raw_index").to_table(columns=["sample_id", "thumbnail"], filter=wanted)
    found = dict(zip(rows["sample_id"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True))
    return {sample_id: thumbnail for sample_id, thumbnail in found.items() if thumbnail}


def strip(thumbnails: Mapping[str, bytes], sample_ids: Sequence[str], *, cell_px: int = 48) -> bytes | None:
    """One row of images as a JPEG, small enough for a cell of a table; None where none of them is there."""
    from data_engine.images import montage

    found = [thumbnails[key] for key in sample_ids if key in thumbnails]
    return montage(found, n_columns=len(found), cell_px=cell_px) if found else None


def _titled(shown: Mapping[str, Sequence[bytes]]) -> dict[str, bytes]:
    from data_engine.images import montage

    return {
        title: montage(found, n_columns=_COLUMNS, cell_px=_CELL_PX if len(found) <= MOST_SHOWN else _CELL_PX * 3 // 4)
        for title, found in shown.items()
        if found
    }
