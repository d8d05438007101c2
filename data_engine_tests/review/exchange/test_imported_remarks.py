"""Remarks that are put into a queue."""

from exchanged_batches import LATER, place


def test_remarks_of_a_file_are_new_once(exported, empty):
    assert empty.take_in(exported, place(), of="file", now=LATER).n_remarks == 3
    assert empty.take_in(exported, place(), of="file", now=LATER).n_remarks == 0
