"""What the first pass learns from the examples that a corpus names. What is learnt is in `filtering.learned`."""
