"""Plots: plain numbers or tables in, PNG out.

The figures themselves are computed in `data_engine.reporting.metrics`.
"""
