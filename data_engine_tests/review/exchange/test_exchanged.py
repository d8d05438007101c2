from data_engine.review.exchange.exchanged import ExchangedTask


def test_a_sample_is_shown_by_its_id_or_where_it_was_read():
    assert ExchangedTask("s0", uri="a.txt").shown == "s0"
    assert ExchangedTask(None, uri="a.txt").shown == "a.txt"


def test_where_something_stands_is_no_part_of_what_it_is():
    assert ExchangedTask("s0", where="line 1") == ExchangedTask("s0", where="row 2")
