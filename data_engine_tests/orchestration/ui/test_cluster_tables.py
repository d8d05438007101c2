import re

import dagster as dg
from small_project import SmallProject


def test_the_tree_shows_its_largest_smallest_and_least_clear_clusters(finished: SmallProject) -> None:
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["notes", "cluster_tree"]))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    for name in ("largest clusters", "smallest clusters", "worst leaves"):
        shown = metadata[name]
        assert isinstance(shown, dg.MarkdownMetadataValue)
        header, _, first, *_ = (shown.md_str or "").splitlines()
        assert header == "| cluster | name | samples | silhouette | place | sample |"
        assert " | nearest | `" in first
    for name in ("sizes", "balance", "silhouettes"):
        # What it shows stands in the place of the image for those who do not see it.
        assert re.match(r"!\[[^\]]*\d[^\]]*\]\(data:image/png;base64,", str(metadata[name].value))
    assert 0 < float(str(metadata["median silhouette of the leaves"].value)) < 1
