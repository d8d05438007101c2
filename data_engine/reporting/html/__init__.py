"""The HTML report of a corpus.

Its figures are in `data_engine.reporting.metrics`, its plots in `data_engine.reporting.plots`.
"""
