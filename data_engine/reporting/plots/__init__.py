"""Plots: plain numbers or tables in, PNG out."""
