import json

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.reporting import known_classes, known_label_of


def test_of_equal_contents_the_first_label_that_the_source_gives_counts(corpus: Corpus) -> None:
    labels = {"a": None, "b": "mit", "c": "moon"}
    rows = [("a", None), ("b", None), ("b", "mit"), ("b", "gpl"), ("c", "moon")]
    raw = pa.table(
        {"sample_id": [key for key, _ in rows], "metadata": [json.dumps({"license": label}) for _, label in rows]}
    )
    assert known_label_of(corpus, raw) == labels
    # A sample without a label is out of scope; one outside the classes is none, since this corpus names no other.
    assert known_classes(corpus, raw) == {"a": "not a licence", "b": "mit"}
