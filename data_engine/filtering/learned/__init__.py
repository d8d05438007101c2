"""Filters that learn from examples: a classifier of junk, a character model of good text.

What learns from web pages is in `data_engine.filtering.page_content`.
"""
