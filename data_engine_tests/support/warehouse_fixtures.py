import pytest
from warehouse_corpus import write_corpus

from data_engine.storage import TableStore


@pytest.fixture
def empty_store(tmp_path):
    return TableStore(tmp_path, "shop")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = TableStore(tmp_path_factory.mktemp("corpus"), "shop")
    write_corpus(made)
    return made
