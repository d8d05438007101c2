from data_engine.indexing.sample_form import form_of, id_of
from data_engine.indexing.samples import sample_id_of_bytes, sample_id_of_text


def test_a_form_names_the_option_with_the_column_of_its_content() -> None:
    assert [form_of(name).columns for name in ("text", "image")] == [("text_column",), ("path_column",)]


def test_an_id_is_the_hash_of_what_a_sample_is() -> None:
    assert id_of("text")(None, "a\r\nb ") == sample_id_of_text("a\nb")
    assert id_of("image")(b"abc", None) == sample_id_of_bytes(b"abc")
