"""Sentence models of the BERT architecture, run without padding.

`folder.py` recognises them, `model.py` makes them encoders. Encoders of every other kind are beside this folder.
"""
