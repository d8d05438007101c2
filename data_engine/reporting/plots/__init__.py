"""Plots: plain numbers or tables in, PNG or SVG out, each with a text of what it shows.

The figures themselves are computed in `data_engine.reporting.metrics`.
"""
