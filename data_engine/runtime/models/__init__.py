"""The micro-models of a corpus at work: its registry, what people promote by hand, models of other corpora."""
