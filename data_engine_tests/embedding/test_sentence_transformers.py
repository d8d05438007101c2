"""Sentence-transformers encoders: little padding, and the modalities that the model itself names."""

from data_engine.embedding.sentence_transformers import token_batches


def test_batches_stay_within_the_token_budget_and_cover_everything() -> None:
    batches = list(token_batches([3, 10, 1, 5, 20], budget=10))
    assert batches == [[4], [1], [3, 0], [2]]
