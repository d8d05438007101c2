"""Pairs of an image and its caption, read from rows and archives."""
