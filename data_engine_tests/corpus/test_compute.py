import pytest
from pydantic import ValidationError

from data_engine.corpus.compute import Compute


@pytest.mark.parametrize("address", ["auto", "head:6379", "10.0.0.1:6379", "ray://head:10001"])
def test_an_address_is_auto_or_a_host_with_a_port(address: str) -> None:
    assert Compute(engine="ray", address=address).address == address


@pytest.mark.parametrize("given", [{"address": "local"}, {"address": "head"}, {"engine": "dask"}, {"from_minutes": -1}])
def test_what_names_no_cluster_is_refused(given: dict[str, object]) -> None:
    # An address "local" would start a cluster of its own, open to the network.
    with pytest.raises(ValidationError):
        Compute(**given)  # type: ignore[arg-type]


def test_by_default_nothing_leaves_this_host() -> None:
    assert Compute().engine == "local"
