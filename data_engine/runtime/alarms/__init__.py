"""What raised an alarm, what was done about it, and how it ended."""
