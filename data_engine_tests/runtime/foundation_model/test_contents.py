import numpy as np

from data_engine.foundation_model.prompt import Content, ReviewedExample
from data_engine.runtime.foundation_model.contents import nearest_examples, reviewed_examples

KNOWN = {
    "far": np.array([0, 1], np.float32),
    "near": np.array([1, 0], np.float32),
    "also": np.array([1, 0], np.float32),
    "self": np.array([1, 0], np.float32),
}


def test_the_nearest_known_samples_are_the_examples_the_nearest_last() -> None:
    vector = np.array([1, 0], np.float32)
    assert nearest_examples(vector, KNOWN, 3, besides="self") == ["far", "near", "also"]
    assert nearest_examples(vector, KNOWN, 1, besides="self") == ["also"]
    assert nearest_examples(vector, KNOWN, 0, besides="self") == []
    assert nearest_examples(vector, {}, 3, besides="self") == []


def test_an_example_that_cannot_be_read_is_left_out() -> None:
    contents = {"a": Content("text"), "b": None}
    assert reviewed_examples(["a", "b"], {"a": "x", "b": "y"}, contents.__getitem__) == (
        ReviewedExample(Content("text"), "x"),
    )
