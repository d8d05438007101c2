"""Embeddings in the order of a tree's samples."""

import numpy as np
import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.embeddings import embeddings_in_order
from data_engine.storage import float_rows


def test_embeddings_come_in_the_order_asked_for_and_a_sample_without_one_is_named(finished: SmallProject) -> None:
    tables = accepted_tables(finished.load().runtime("notes"), run_id="run")
    store = tables.store
    known = store.read("embeddings", columns=["sample_id", "embedding"])
    row_of = dict(zip(known["sample_id"].to_pylist(), float_rows(known["embedding"]), strict=True))
    in_order = store.read("tree_assignments", columns=["sample_id"])["sample_id"]
    for ids in (in_order, in_order.take(pa.array([200, 3, 4]))):
        expected = np.stack([row_of[sample_id] for sample_id in ids.to_pylist()])
        assert np.array_equal(embeddings_in_order(tables, ids), expected)
    with pytest.raises(InvalidInput, match=r"1 samples have no embedding, among them \['none'\]"):
        embeddings_in_order(tables, pa.chunked_array([["none"]]))
