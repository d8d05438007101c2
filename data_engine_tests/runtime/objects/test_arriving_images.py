from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from data_engine.runtime.objects import arriving_images
from data_engine.runtime.objects.arriving_images import unsure_like_proposals


def test_an_image_is_as_unsure_as_the_five_of_the_subset_that_are_most_like_it(monkeypatch) -> None:
    # Five look one way and are sure, five look the other way and are not.
    known = np.repeat(np.eye(2, dtype=np.float32), 5, axis=0)
    rows = pa.table({"sample_id": list("abcdefghij"), "uncertainty": [0.1] * 5 + [0.6, 0.7, 0.8, 0.9, 1.0]})
    monkeypatch.setattr(arriving_images, "sorted_embeddings", lambda _, ids: (ids.to_pylist(), known))
    uncertainty = unsure_like_proposals(SimpleNamespace(read=lambda *_, **__: rows))
    assert uncertainty is not None
    assert uncertainty(np.array([[0.9, 0.1], [0, 1]], dtype=np.float32)) == pytest.approx([0.1, 0.8])


def test_before_anything_is_proposed_nothing_is_said_of_arriving_images() -> None:
    none = pa.table({"sample_id": pa.array([], pa.string()), "uncertainty": pa.array([], pa.float32())})
    assert unsure_like_proposals(SimpleNamespace(read=lambda *_, **__: none)) is None
