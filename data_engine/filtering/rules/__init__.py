"""Rules: named, pure measurements of one sample, and the limits that they are held against.

Filters that learn from examples are in `data_engine.filtering.learned`.
"""
