"""Answers by kind: what a person, a classifier or a rule can say about a sample, and how answers are compared.

How a question is put to a person is in `data_engine.review`.
"""
