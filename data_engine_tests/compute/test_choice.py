import logging
import re
import sys

import pytest
from pydantic import ValidationError

from data_engine.compute.choice import Compute, chosen_engine, told
from data_engine.errors import InvalidInput


@pytest.mark.parametrize("address", ["auto", "head:6379", "10.0.0.1:6379", "ray://head:10001"])
def test_an_address_is_auto_or_a_host_with_a_port(address: str) -> None:
    assert Compute(engine="ray", address=address).address == address


@pytest.mark.parametrize("given", [{"address": "local"}, {"address": "head"}, {"engine": "dask"}, {"from_minutes": -1}])
def test_what_names_no_cluster_is_refused(given: dict[str, object]) -> None:
    # An address "local" would start a cluster of its own, open to the network.
    with pytest.raises(ValidationError):
        Compute.model_validate(given)


def test_local_is_local_whatever_the_work() -> None:
    with chosen_engine(Compute(), "clustering", 1e6) as chosen:
        assert (chosen.engine, chosen.said) == (None, "local")


def test_people_are_told_where_a_cluster_is_named_only() -> None:
    assert told("local") == {}
    assert told("local: it is short") == {"computed on": "local: it is short"}


def test_work_below_the_threshold_stays_here_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    said = "local: clustering takes about 4.9 minutes here, less than the 5 of compute.from_minutes"
    with caplog.at_level(logging.INFO), chosen_engine(Compute(engine="ray"), "clustering", 4.9) as chosen:
        assert (chosen.engine, chosen.said) == (None, said)
    assert said in caplog.text


def test_without_ray_the_remedy_is_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    said = "compute.engine is ray, but Ray is not installed; pip install 'data-engine[ray]', or set it to local"
    with pytest.raises(InvalidInput, match=re.escape(said)), chosen_engine(Compute(engine="ray"), "clustering", 6):
        pass
