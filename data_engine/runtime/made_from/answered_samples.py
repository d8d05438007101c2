"""The samples that people answered, as the review queue has them: what is to be chosen first.

The answers themselves, with their classes of now, are in the table `reviewed_labels`.
"""

from logging import getLogger
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import StorageError

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

logger = getLogger(__name__)


def answered_samples(runtime: "CorpusRuntime") -> pa.Array:
    """The samples that have an answer in the review queue, whatever it is; none where the corpus asks no question.

    A queue that cannot be read is logged and has none: a subset is chosen without it as well.
    """
    given: set[str] = set()
    if runtime.corpus.has_labels:
        try:
            with runtime.queue() as queue:
                rows = queue.tables(runtime.corpus.name)["review_annotation"]
            given = set(rows["sample_id"].to_pylist())
        except StorageError as error:
            logger.warning("labelled samples are not preferred, because the review queue cannot be read: %s", error)
    return pa.array(sorted(given), pa.string())
