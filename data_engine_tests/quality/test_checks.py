import pyarrow as pa

from data_engine.quality.checks import Check, Needs, blocking, warning


def test_a_blocking_check_holds_back_and_a_warning_does_not() -> None:
    assert blocking("has_samples", "There is one.") == Check("has_samples", "There is one.", True)
    assert warning("has_samples", "There is one.") == Check("has_samples", "There is one.", False)


def test_what_is_needed_of_a_table_is_taken_from_it_once() -> None:
    def with_length(rows: pa.Table) -> pa.Table:
        return pa.table({"length": [len(text) for text in rows["text"].to_pylist()]})

    rows = pa.table({"text": ["a", "bcd"], "other": [1, 2]})
    needs = Needs(("text",), with_length, gives=("length",))
    assert needs.of(rows).to_pydict() == {"length": [1, 3]}
    assert needs.of(needs.of(rows)).to_pydict() == {"length": [1, 3]}
    assert Needs(("text",)).of(rows).column_names == ["text"]
