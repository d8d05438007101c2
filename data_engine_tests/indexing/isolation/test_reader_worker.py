from multiprocessing import Pipe

from dying_work import obey

from data_engine.indexing.isolation import reader_worker


def test_items_are_sent_some_at_a_time_and_the_last_message_says_how_it_ended(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    # This process keeps its own limits.
    monkeypatch.setattr(reader_worker, "_limit_memory", lambda n_bytes: None)
    monkeypatch.setattr(reader_worker, "_MOST_ITEMS", 2)
    ours, theirs = Pipe()
    reader_worker.answer(theirs, (obey, (["a", "b", "c"],), 0, False, 1 << 30))
    assert [ours.recv(), ours.recv()] == [(["a", "b"], False), (["c"], True)]
    reader_worker.answer(theirs, (obey, (["a", "b", "refuse"],), 1, True, 1 << 30))
    assert ours.recv() == (["b"], False)
    items, error = ours.recv()
    assert (items, str(error)) == ([], "refused")
