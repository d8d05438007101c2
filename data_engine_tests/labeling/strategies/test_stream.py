import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.strategies.registry import find_strategy
from data_engine.labeling.strategies.strategy import Pool
from data_engine.labeling.strategies.stream import StreamThreshold, asked


@pytest.mark.parametrize("budget", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("scale", [0.05, 0.5, 1.0])
def test_the_budget_holds_whatever_the_utilities_are(budget: float, scale: float) -> None:
    utilities = np.random.default_rng(0).random(5000) * scale
    is_asked, _ = asked(utilities, StreamThreshold(budget))
    assert 0.5 * budget * 5000 < is_asked.sum() <= budget * 5000 + 10


def test_uncertain_samples_are_asked_about_rather_than_sure_ones() -> None:
    utilities = np.random.default_rng(0).random(5000)
    is_asked, _ = asked(utilities, StreamThreshold(0.1))
    assert utilities[is_asked].mean() > utilities.mean() + 0.2


def test_a_stream_in_two_parts_is_one_stream() -> None:
    utilities = np.random.default_rng(1).random(400)
    whole, after = asked(utilities, StreamThreshold(0.2))
    first, between = asked(utilities[:150], StreamThreshold(0.2))
    second, at_the_end = asked(utilities[150:], between)
    assert np.concatenate([first, second]).tolist() == whole.tolist()
    assert at_the_end == after


@pytest.mark.parametrize("budget", [0, -0.1, 1.5])
def test_a_budget_that_is_no_share_is_refused(budget: float) -> None:
    with pytest.raises(InvalidInput, match="give the share of samples to ask about, above 0 and at most 1"):
        StreamThreshold(budget)


def test_from_a_pool_the_batch_is_filled() -> None:
    probabilities = np.random.default_rng(2).dirichlet([1, 1], size=300)
    rows = find_strategy("stream").pick(Pool(np.arange(300), 2, 0, probabilities=probabilities), None, 120)
    assert len(set(rows.tolist())) == 120
