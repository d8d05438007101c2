"""Answers of people, by kind."""
