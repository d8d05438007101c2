from datetime import datetime, timedelta

import pytest

from data_engine.errors import InvalidInput


def test_times_have_a_time_zone(outbox):
    with pytest.raises(InvalidInput, match="without a time zone"):
        outbox.queue.note_events(
            "licences", channels=[], events=[], waiting=timedelta(1), page=None, now=datetime(2026, 5, 1)
        )
