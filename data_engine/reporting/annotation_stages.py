"""The stages of annotation of a corpus, from its tables.

How they are counted is in `data_engine.labeling.objects.annotation_stages`.
"""

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.schemas import ANNOTATION_STAGES, CARRIED_MASKS, CLASS_STAGES, Tables


def stages_of(corpus: Corpus, tables: Tables, *, question: str = "") -> pa.Table:
    """A row for each stage, in the schema ANNOTATION_STAGES; none before anybody answered.

    Args:
        corpus: gives the precision that a stage has to reach.
        tables: reviewed_labels, and proposals where there are any.
        question: of several questions, the name of this one.
    """
    from data_engine.labeling.objects.annotation_stages import annotation_stages

    reviewed = tables.get("reviewed_labels")
    if not corpus.has_labels or reviewed is None or not reviewed.num_rows:
        return ANNOTATION_STAGES.empty_table()
    proposals = tables.get("proposals")
    some = proposals if proposals is not None and proposals.num_rows else None
    return annotation_stages(reviewed, some, target=corpus.labels.target_precision, question=question)


def carried_masks_of(corpus: Corpus, tables: Tables) -> pa.Table:
    """How masks that were carried along videos agree with answers, in the schema CARRIED_MASKS; none of other corpora.

    Args:
        corpus: a video corpus that asks for objects has them.
        tables: reviewed_labels.
    """
    from data_engine.labeling.objects.carried_answers import carried_figures

    reviewed = tables.get("reviewed_labels")
    if not corpus.asks_for_objects or reviewed is None or not reviewed.num_rows:
        return CARRIED_MASKS.empty_table()
    return carried_figures(reviewed)


def class_stages_of(corpus: Corpus, tables: Tables, *, question: str = "") -> pa.Table:
    """A row for each class, in the schema CLASS_STAGES: which stage it is in; none before anybody answered.

    Args:
        corpus: gives the precision that a stage has to reach, and the margin of the alarms.
        tables: reviewed_labels in the order of their review batches, and proposals where there are any.
        question: of several questions, the name of this one.
    """
    from data_engine.reporting.class_stages import class_stages

    reviewed = tables.get("reviewed_labels")
    if not corpus.has_labels or reviewed is None or not reviewed.num_rows:
        return CLASS_STAGES.empty_table()
    proposals = tables.get("proposals")
    return class_stages(
        reviewed,
        proposals if proposals is not None and proposals.num_rows else None,
        classes=corpus.class_names,
        target=corpus.labels.target_precision,
        margin=corpus.alarms.margin,
        question=question,
    )
