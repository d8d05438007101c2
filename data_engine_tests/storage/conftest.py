import pyarrow as pa
import pytest

from data_engine.schemas import FIRST_PASS
from data_engine.storage import TableStore


@pytest.fixture
def store(tmp_path):
    return TableStore(tmp_path / "data", "shop")


@pytest.fixture
def any_store(anywhere):
    """Tables on the disk and in a bucket."""
    return TableStore(anywhere, "shop")


@pytest.fixture
def verdicts():
    """Rows of first_pass: one kept sample per id."""

    def build(batch, ids):
        rows = [{"sample_id": i, "batch": batch, "uri": f"{i}.txt", "verdict": "kept", "reason": "kept"} for i in ids]
        return pa.Table.from_pylist(rows, schema=FIRST_PASS)

    return build
