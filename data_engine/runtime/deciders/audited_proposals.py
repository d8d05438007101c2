"""What was proposed of audited samples when people were asked about them, as the review queue keeps it.

What follows from it is in `labeling.deciders.audits`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime


def audited_proposals(runtime: "CorpusRuntime", sample_ids: Collection[str]) -> dict[str, tuple[str, float | None]]:
    """The class that was proposed of each of the samples when its audit was asked, with its probability.

    Audits are asked blindly, so answers do not hold it. Samples whose task this queue does not know, or whose class was
    removed since, are left out; classes have the names of now.
    """
    with runtime.queue() as queue:
        columns = ["sample_id", "purpose", "proposed_label", "probability"]
        tasks = queue.tables(runtime.corpus.name)["review_task"].select(columns).to_pylist()
        renames = queue.renames(runtime.corpus.name)
    found: dict[str, tuple[str, float | None]] = {}
    for task in tasks:
        if task["purpose"] != "audit" or task["sample_id"] not in sample_ids or task["proposed_label"] is None:
            continue
        name = renames.name_now(task["proposed_label"], runtime.corpus.class_names)
        if name is not None:
            found[task["sample_id"]] = (name, task["probability"])
    return found
