"""review_batches: the human work that is open or done, as an external asset that sensors observe."""

import dagster as dg

from data_engine.orchestration.bench import Bench


def review_batches(bench: Bench) -> dg.AssetSpec:
    """The review batches in the queue; nothing materializes them, opening one is recorded as an observation."""
    return dg.AssetSpec(
        key=bench.key("review_batches"),
        group_name=bench.corpus.name,
        description="Questions for people, opened when the proposals are too uncertain; "
        "answered with `data-engine review`.",
        deps=[bench.key("balanced_subset")],
        kinds={"human"},
    )
