"""Whatever is done to a corpus in whatever order: what its checks refused is in no table behind them."""

from random import Random

import pytest
from disturbed_corpus import DisturbedCorpus
from small_project import SmallProject


@pytest.mark.parametrize("seed", range(6))
def test_no_row_that_a_check_refused_is_in_a_table_behind_it(
    finished: SmallProject, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = DisturbedCorpus(finished, Random(seed), monkeypatch)
    for _ in range(10):
        corpus.disturb()
        assert corpus.wrong() == [], corpus.done
    if corpus.settle():
        assert corpus.unsettled() == [], corpus.done
    assert corpus.wrong() == [], corpus.done
