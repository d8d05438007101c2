"""Samples of well-separated classes, and answers about them, small enough to reason about."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from data_engine.schemas import REVIEWED_LABELS, answer_text


@pytest.fixture
def make_classes() -> Callable[..., SimpleNamespace]:
    """n unit rows around n_classes orthogonal axes, noise of the given size, classes in turn."""

    def make(n: int, n_classes: int, *, noise: float = 0.3, dim: int = 16, seed: int = 0) -> SimpleNamespace:
        generator = np.random.default_rng(seed)
        y = np.arange(n) % n_classes
        x = np.eye(dim)[y] + noise * generator.normal(size=(n, dim)) / np.sqrt(dim) * 2
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        return SimpleNamespace(x=x.astype(np.float32), y=y, ids=[f"s{number:04d}" for number in range(n)])

    return make


@pytest.fixture
def answer_table() -> Callable[..., pa.Table]:
    """Rows of the table of answers; every field that a row does not name has a plain value."""

    def build(*rows: dict) -> pa.Table:
        filled = []
        for number, row in enumerate(rows):
            plain = {
                "annotation_id": f"a{number}",
                "review_batch": "b-000",
                "task_id": f"t-{row['sample_id']}-{row.get('purpose', 'query')}",
                "purpose": "query",
                "arm": "manual",
                "annotator": "ann",
                "provenance": "human",
                "is_simulated": False,
                "revision": 1,
                "kind": "class",
                "answer": answer_text({"label": row["label"]}),
            }
            filled.append(plain | row)
        return pa.Table.from_pylist(filled, schema=REVIEWED_LABELS)

    return build
