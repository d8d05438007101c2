"""The labels that are to be looked at again: those of the lowest quality that nobody has looked at again yet.

How quality is measured is in `labeling.quality`.
"""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.labeling.provenance import ADJUDICATED, IMPORTED
from data_engine.runtime.made_from.answered_samples import answered_samples

if TYPE_CHECKING:
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime

DOUBTFUL = "doubtful"
"""The purpose of a task that looks at a label again, without showing it."""

BELOW = 0.5
"""Labels of at least this quality are in no doubt; it is what a label has of which nothing is known."""


def doubtful_labels(runtime: "CorpusRuntime", tables: "AcceptedTables", *, answered: pa.Array) -> pa.Table:
    """Labels to look at again, the least credible first: sample_id, quality.

    Whoever made the label: people, the data, or a decider that needed no person. Left out are those of the hold-out,
    which corrected where the classifier disagrees would flatter it; those that were asked about for this once, or that
    a reviewer decided; and labels of the data whose sample somebody has answered since. Labels of the data that nobody
    has seen are there whatever their quality, behind those in doubt.

    Args:
        runtime: The corpus.
        tables: Labels and answers.
        answered: the samples that have an answer in the review queue.
    """
    labels = tables.read("labels", columns=["sample_id", "provenance", "quality"])
    is_given = pc.equal(labels["provenance"], IMPORTED)
    is_doubted = pc.and_(pc.less(labels["quality"], BELOW), pc.not_equal(labels["provenance"], ADJUDICATED))
    is_seen = pc.is_in(labels["sample_id"], _seen_again(runtime, tables))
    is_wanted = pc.if_else(is_given, pc.invert(pc.is_in(labels["sample_id"], answered)), is_doubted)
    found = labels.filter(pc.and_(is_wanted, pc.invert(is_seen)))
    return found.select(["sample_id", "quality"]).sort_by([("quality", "ascending"), ("sample_id", "ascending")])


def doubted_samples(runtime: "CorpusRuntime", tables: "AcceptedTables") -> list[str]:
    """The samples whose label is in doubt and that can still be shown, the least credible label first."""
    found = doubtful_labels(runtime, tables, answered=answered_samples(runtime))
    ids = found.filter(pc.less(found["quality"], BELOW))["sample_id"].combine_chunks().cast(pa.string())
    there = tables.read("raw_index", columns=["sample_id"], among={"sample_id": ids})["sample_id"].combine_chunks()
    return [str(each) for each in ids.filter(pc.is_in(ids, there.cast(pa.string()))).to_pylist()]


def _seen_again(runtime: "CorpusRuntime", tables: "AcceptedTables") -> pa.Array:
    """The samples of the hold-out, and those of tasks that looked at a label again, answered or not."""
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose"])
    purposes = pa.array(["hold_out", DOUBTFUL])
    with runtime.queue() as queue:
        tasks = queue.tables(runtime.corpus.name)["review_task"].select(["sample_id", "purpose"])
    ids = [table.filter(pc.is_in(table["purpose"], purposes))["sample_id"].to_pylist() for table in (reviewed, tasks)]
    return pa.array(sorted({*ids[0], *ids[1]}), pa.string())
