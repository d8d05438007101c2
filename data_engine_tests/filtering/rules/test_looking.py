import pyarrow as pa

from data_engine.filtering.rules.document import documents
from data_engine.filtering.rules.looking import Looking


def test_texts_need_nothing_but_their_rows() -> None:
    looking = Looking(pa.table({"text": ["two words", None]}))
    first, second = documents(looking)
    assert first is not None
    assert (first.words, second, list(looking.contents())) == (["two", "words"], None, [])
