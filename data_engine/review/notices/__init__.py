"""Notices of review batches: an outbox in the queue, and the ways to send what is in it."""
