import numpy as np
import pytest

from data_engine.drift import mass_p, mass_test, standardised_residuals
from data_engine.errors import InvalidInput, NotEnoughData


def test_a_two_by_two_table_gives_the_textbook_chi_square() -> None:
    # 30 : 70 against 50 : 50; all expected counts are 40 and 60: chi-square = 2 * (100 / 40 + 100 / 60) = 8.333.
    shift = mass_test([30, 70], [50, 50])
    assert shift.statistic == pytest.approx(25 / 3)
    assert shift.p_value == pytest.approx(0.003892, abs=1e-6)
    assert shift.degrees_of_freedom == 1
    assert shift.contributions == pytest.approx([5.0, 10 / 3])


def test_the_statistic_is_that_of_an_independent_implementation() -> None:
    from scipy.stats import chi2_contingency

    table = np.array([[120, 80, 60, 40], [30, 35, 10, 25]])
    wanted = chi2_contingency(table, correction=False)
    shift = mass_test(table[0], table[1])
    assert (shift.statistic, shift.p_value) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))
    assert shift.contributions.sum() == pytest.approx(shift.statistic)


def test_equal_shares_are_no_shift() -> None:
    shift = mass_test([100, 200, 300], [10, 20, 30])
    assert (shift.statistic, shift.p_value) == (pytest.approx(0), pytest.approx(1))


def test_rare_clusters_are_merged_before_they_are_tested() -> None:
    # Expected in the window: 40, 40, 2, 2, 2 of 86. The three rare ones form one cell.
    reference_counts, window = np.array([200, 200, 10, 10, 10]), np.array([40, 40, 6, 0, 0])
    shift = mass_test(reference_counts, window)
    assert shift.degrees_of_freedom == 2
    assert shift.p_value == pytest.approx(1)
    assert shift.contributions.shape == (5,)


def test_one_cell_tells_nothing_apart() -> None:
    assert mass_test([10], [20]).p_value == 1.0
    assert mass_test([0, 0, 3], [0, 1, 0]).p_value == 1.0


def test_counts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"shapes \(2,\) and \(1,\)"):
        mass_test([1, 2], [1])
    with pytest.raises(InvalidInput, match="negative"):
        mass_test([1, -2], [1, 1])
    with pytest.raises(NotEnoughData, match="the reference has 0 samples and the window 2"):
        mass_test([0, 0], [1, 1])


def test_residuals_are_in_standard_errors_and_positive_where_the_window_has_more() -> None:
    residuals = standardised_residuals(np.array([30, 70]), np.array([50, 50]))
    assert residuals == pytest.approx([25**0.5 / 3**0.5, -(25**0.5) / 3**0.5])


def test_drawn_windows_agree_with_the_distribution_where_counts_are_large() -> None:
    for window in ([40, 60, 100], [30, 60, 110], [25, 55, 120]):
        assert mass_p([400, 600, 1000], window, seed=0) == pytest.approx(
            mass_test([400, 600, 1000], window).p_value, abs=0.04
        )
    assert mass_p([400, 600, 1000], [200, 0, 0], seed=0) == 0.001
    assert mass_p([10], [20], seed=0) == 1.0
