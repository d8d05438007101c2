import pyarrow as pa

from data_engine.releasing.question_card import heading, who_answered


def _rows(*provenance: str) -> pa.Table:
    return pa.table({"provenance": pa.array(provenance, pa.string())})


def test_simulated_and_imported_labels_of_a_question_are_counted_with_its_name() -> None:
    assert who_answered("size", _rows("human", "human")) == "> `size`: none of its 2 labels is simulated."
    said = who_answered("size", _rows("simulated", "human", "imported", "imported"))
    assert said.startswith("> **`size`: 1 of its 4 labels (25.0 %) are simulated:**")
    assert said.endswith("> 2 of them (50.0 %) are imported: they come with the data.")


def test_a_question_without_a_released_label_says_so() -> None:
    assert who_answered("size", _rows()) == "> `size`: no released sample has a label of this question yet."


def test_a_question_is_headed_by_what_it_asks_and_how_many_have_a_label() -> None:
    manifest = {"questions": {"size": {"question": "Is it long?"}}}
    assert heading("size", manifest, _rows("human"), 4) == (
        "## Question `size`\n\nIs it long?\n\n1 of 4 samples have a label."
    )
