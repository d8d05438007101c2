"""Rules: named, pure measurements of one sample, and the limit that each is held against."""
