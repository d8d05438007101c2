"""review_batches: the human work that is open or done, as an external asset that sensors observe."""

import dagster as dg

from data_engine.runtime.corpus_runtime import CorpusRuntime


def review_batches(runtime: CorpusRuntime) -> dg.AssetSpec:
    """The review batches in the queue; nothing materializes them, opening one is recorded as an observation."""
    return dg.AssetSpec(
        key=runtime.key("review_batches"),
        group_name=runtime.corpus.name,
        description="Questions for people, opened when the proposals are too uncertain; "
        "answered with `data-engine review`.",
        deps=[runtime.key("balanced_subset")],
        kinds={"human"},
    )
