import pyarrow as pa
import pytest
from schema_tables import table
from watched_dataset import Watched

from data_engine.reporting.columns_on_demand import ColumnsOnDemand
from data_engine.reporting.sample_text import Shown, shown_samples

RAW = table(
    "raw_index",
    [
        {"sample_id": "a", "uri": "u1", "text": "knead  the\ndough"},
        {"sample_id": "a", "uri": "u2", "text": "another place"},
        {"sample_id": "b", "uri": "u3", "text": None, "error": "NUL"},
        {"sample_id": "c", "uri": "u4", "text": None},
    ],
)


def test_a_sample_is_its_text_on_one_line_or_its_place_and_why_it_cannot_be_read() -> None:
    assert shown_samples(RAW, ["a", "b", "c", "unknown"]) == {
        "a": Shown("a", "knead the dough"),
        "b": Shown("b", "u3: NUL"),
        "c": Shown("c", "u4"),
    }


def test_samples_can_be_asked_for_by_place_and_long_texts_are_cut() -> None:
    found = shown_samples(RAW, ["u2", "u3"], key="uri", most=7)
    assert list(found) == ["u2", "u3"]
    assert found["u2"].sample_id == "a"
    assert found["u2"].text.startswith("another"[:6])
    assert len(found["u2"].text) <= 10
    assert shown_samples(RAW, []) == {}


@pytest.mark.parametrize(("keys", "key"), [(["a", "b", "unknown"], "sample_id"), (["u2", "u3"], "uri"), ([], "uri")])
def test_of_texts_those_that_are_shown_are_read(keys: list[str], key: str) -> None:
    watched = Watched(RAW)
    on_demand = ColumnsOnDemand(watched)
    assert shown_samples(on_demand, keys, key=key) == shown_samples(RAW, keys, key=key)
    n_shown = RAW.filter(pa.compute.is_in(RAW[key], pa.array(keys, pa.string()))).num_rows
    assert [n_rows for columns, n_rows in watched.read if "text" in columns] == [n_shown]
