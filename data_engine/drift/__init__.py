"""Drift: whether a window of new samples differs from what the corpus held before, and which samples say so.

One detector is blind to half of the cases, so there are two sides, each at half of the false alarm rate: novelty sees
samples unlike anything before; mass sees known kinds that became more or less frequent, and the centre sees many
samples that changed a little.
"""

from data_engine.drift.alarms import alarms
from data_engine.drift.arrival_counts import ArrivalCounts, BatchArrivals, count_arrivals
from data_engine.drift.arrivals import centre_of_arrivals, novelty_of_arrivals
from data_engine.drift.centre import centre_p
from data_engine.drift.levels import levels_above
from data_engine.drift.mass import MassShift, mass_p, mass_test, standardised_residuals
from data_engine.drift.novelty import KnownSamples, Novelty, known_samples, novelty_of
from data_engine.drift.reference import MIN_ROWS, Drift, Reference, fit_reference, pair_p

__all__ = [
    "MIN_ROWS",
    "ArrivalCounts",
    "BatchArrivals",
    "Drift",
    "KnownSamples",
    "MassShift",
    "Novelty",
    "Reference",
    "alarms",
    "centre_of_arrivals",
    "centre_p",
    "count_arrivals",
    "fit_reference",
    "known_samples",
    "levels_above",
    "mass_p",
    "mass_test",
    "novelty_of",
    "novelty_of_arrivals",
    "pair_p",
    "standardised_residuals",
]
