import pytest
from pydantic import ValidationError

from data_engine.corpus.review import Review


def test_nobody_is_simulated_unless_the_corpus_names_somebody() -> None:
    assert Review().simulated == ()
    (reader,) = Review.model_validate({"simulated": [{"name": "reader"}]}).simulated
    assert (reader.name, reader.error_rate) == ("reader", 0.05)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"simulated": [{"name": "A Reader"}]}, "should match pattern"),
        ({"simulated": [{"name": "reader", "error_rate": 1.5}]}, "less than or equal to 1"),
        ({"answers_per_task": 0}, "greater than or equal to 1"),
        ({"answers_per_task": 10}, "less than or equal to 9"),
        ({"open_at_mean_uncertainty": -0.1}, "greater than or equal to 0"),
    ],
)
def test_values_out_of_their_bounds_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Review.model_validate(given)
