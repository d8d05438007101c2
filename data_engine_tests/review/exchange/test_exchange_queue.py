from datetime import datetime

import pytest
from exchanged_batches import foreign, place

from data_engine.errors import InvalidInput


def test_the_time_of_an_import_has_a_time_zone(empty):
    with pytest.raises(InvalidInput, match="without a time zone"):
        empty.take_in(foreign(("s0", "ada", "mit")), place(), of="a", now=datetime(2026, 5, 1))
