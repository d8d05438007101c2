"""One more annotator where the answers of a sample, pooled with the classifier, leave its label in doubt.

How answers are pooled is in `labeling.consensus`; labels that look wrong are asked about again by
`made_from.doubtful_labels`.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data_engine.labeling.provenance import ADJUDICATED
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime


def ask_third_opinions(runtime: CorpusRuntime) -> int:
    """Ask one more annotator about each sample whose label is less probable than `review.third_opinion_below`.

    Its task opens again for somebody who has not answered it, once per sample; tasks of samples that the answers and
    the classifier agree about stay closed. Only where each task is answered by two or more, and where the corpus knows
    an annotator more than that. Labels count when they were made of all answers that there are. No more open than
    `review.max_open_tasks` leaves room for; the others follow as these are answered.

    Returns: the number of tasks that open.
    """
    review = runtime.corpus.review
    if not runtime.corpus.has_labels or review.answers_per_task < 2 or not review.third_opinion_below:
        return 0
    gate = CheckGate(runtime, runtime.store(), "review")
    version = gate.latest("labels", "")
    if version is None or gate.refusal(version):
        return 0
    columns = ["sample_id", "provenance", "posterior", "n_annotations"]
    labels = AcceptedTables(gate.store, gate).read("labels", columns=columns).to_pylist()
    low = {
        row["sample_id"]: row["n_annotations"]
        for row in labels
        if row["posterior"] < review.third_opinion_below and row["provenance"] != ADJUDICATED
    }
    with runtime.queue() as queue:
        tables = queue.tables(runtime.corpus.name)
        people = {row["annotator"] for row in tables["review_annotation"].select(["annotator"]).to_pylist()}
        n_room = max(0, review.max_open_tasks - queue.open_tasks(runtime.corpus.name))
        chosen = _to_open_again(tables, low, len(people))[:n_room]
        return queue.ask_one_more(chosen, now=queue.clock()) if chosen else 0


def _to_open_again(tables: Mapping[str, pa.Table], low: Mapping[str, int], n_people: int) -> list[str]:
    """One task of each doubtful sample, the first; none of a sample that was opened again before or is open.

    Args:
        tables: of the queue.
        low: by sample whose label is in doubt, the number of answers behind it.
        n_people: annotators that the corpus knows.
    """
    wanted = {row["review_batch"]: row["answers_per_task"] for row in tables["review_batch"].to_pylist()}
    of_sample: dict[str, list[dict[str, Any]]] = {sample_id: [] for sample_id in low}
    for row in tables["review_task"].to_pylist():
        if row["sample_id"] in of_sample and row["purpose"] != "trap":
            of_sample[row["sample_id"]].append(row)
    chosen = []
    for sample_id, tasks in of_sample.items():
        is_settled = any(task["is_open"] or task["n_wanted"] > wanted[task["review_batch"]] for task in tasks)
        whole = [task for task in tasks if 2 <= task["n_wanted"] == task["n_answers"] < n_people]
        if whole and not is_settled and sum(task["n_answers"] for task in tasks) == low[sample_id]:
            chosen.append(str(whole[0]["task_id"]))
    return chosen
