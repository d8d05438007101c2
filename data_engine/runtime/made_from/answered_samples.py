"""The samples that people answered, as the review queue has them: what is to be chosen first.

The answers themselves, with their classes of now, are in the table `reviewed_labels`.
"""

from logging import getLogger
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime

logger = getLogger(__name__)


#: The input of labels that says which given labels wait, since somebody answered their sample.
WAITING = "given labels/answers that wait"


def answered_samples(runtime: "CorpusRuntime") -> pa.Array:
    """The samples that have an answer in the review queue, whatever it is and to whichever of several questions; none
    where the corpus asks no question.

    A queue that cannot be read is logged and has none: a subset is chosen without it as well.
    """
    given: set[str] = set()
    for asking in runtime.asking:
        try:
            with runtime.queue() as queue:
                rows = queue.tables(asking.corpus.name)["review_annotation"]
            given |= set(rows["sample_id"].to_pylist())
        except StorageError as error:
            logger.warning("labelled samples are not preferred, because the review queue cannot be read: %s", error)
    return pa.array(sorted(given), pa.string())


def answered_and_waiting(runtime: "CorpusRuntime", tables: "AcceptedTables") -> pa.Array:
    """The samples that somebody answered in a review batch that still waits for other answers.

    What the data say of them does not count any more, and what people say not yet. None without given labels.
    """
    if runtime.corpus.labels.given is None:
        return pa.array([], pa.string())
    taken = tables.read("reviewed_labels", columns=["sample_id"])["sample_id"].combine_chunks()
    answered = answered_samples(runtime)
    return answered.filter(pc.invert(pc.is_in(answered, taken)))


def waiting_answer_inputs(runtime: "CorpusRuntime", tables: "AcceptedTables") -> dict[str, str]:
    """What makes labels other ones where given labels are set aside for answers that wait; nothing where none do."""
    waiting = answered_and_waiting(runtime, tables).to_pylist()
    return {WAITING: fingerprint(dict.fromkeys(waiting, ""))} if waiting else {}
