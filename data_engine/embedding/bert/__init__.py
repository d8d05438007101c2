"""Sentence models of the BERT architecture, run without padding. Other encoders are beside this folder."""
