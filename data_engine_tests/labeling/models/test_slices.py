import pyarrow as pa

from data_engine.labeling.models.slices import slices_of


def test_samples_are_told_apart_by_source_batch_cluster_and_metadata() -> None:
    raw = pa.table(
        {
            "sample_id": ["s1", "s2", "s1"],
            "batch": ["may", "june", "june"],
            "uri": ["notes.jsonl#3", "photos/cats/a.png", "other.jsonl#1"],
            "metadata": ['{"tag": "new", "stars": 3}', '{"tag": ""}', "{}"],
        }
    )
    found = slices_of(["s2", "s1", "s9"], ["source", "batch", "cluster", "tag", "stars"], raw, {"s1": "bread"})
    assert found == {
        "source": ["photos/cats", "notes.jsonl", None],
        "batch": ["june", "may", None],
        "cluster": [None, "bread", None],
        "tag": [None, "new", None],
        "stars": [None, "3", None],
    }
    assert slices_of(["s1"], [], raw, {}) == {}
