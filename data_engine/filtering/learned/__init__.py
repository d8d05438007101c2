"""What the first pass learns from examples: a classifier of junk, a character model of good text."""
