"""Backups of a data folder while runs go on, and restoring them: what is copied, in which order, what is refused."""
