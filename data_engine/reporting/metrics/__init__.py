"""Metrics of the quality report, each with its interval and unit.

Plots of them are in `data_engine.reporting.plots`.
"""
