import logging
import re
import sys

import pytest

from data_engine.compute.choice import ComputeChoice, chosen_engine, told
from data_engine.errors import InvalidInput


def test_local_is_local_whatever_the_work() -> None:
    with chosen_engine(ComputeChoice(), "clustering", 1e6) as chosen:
        assert (chosen.engine, chosen.said) == (None, "local")


def test_people_are_told_where_a_cluster_is_named_only() -> None:
    assert told("local") == {}
    assert told("local: it is short") == {"computed on": "local: it is short"}


def test_work_below_the_threshold_stays_here_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    said = "local: clustering takes about 4.9 minutes here, less than the 5 of compute.from_minutes"
    with caplog.at_level(logging.INFO), chosen_engine(ComputeChoice("ray"), "clustering", 4.9) as chosen:
        assert (chosen.engine, chosen.said) == (None, said)
    assert said in caplog.text


def test_without_ray_the_remedy_is_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    said = "compute.engine is ray, but Ray is not installed; pip install 'data-engine[ray]', or set it to local"
    with pytest.raises(InvalidInput, match=re.escape(said)), chosen_engine(ComputeChoice("ray"), "clustering", 6):
        pass
