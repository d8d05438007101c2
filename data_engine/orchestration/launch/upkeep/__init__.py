"""Commands that keep a corpus in order beside its runs: forget, reset and recheck, and clean."""
