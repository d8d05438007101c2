"""Near-duplicate sounds: landmarks that lie in the same order in time."""
