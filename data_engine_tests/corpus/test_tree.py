import pytest
from pydantic import ValidationError

from data_engine.corpus.tree import Tree


def test_levels_are_automatic_unless_they_are_given() -> None:
    assert [Tree.model_validate(given).fixed_levels for given in ({}, {"levels": "auto"}, {"n_clusters": "auto"})] == [
        None,
        None,
        None,
    ]
    assert Tree(n_clusters=(20, 6)).fixed_levels == (20, 6)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n_clusters": [20, 20]}, "n_clusters has 20 at level 1 and 20 at level 2; .* give level 2 fewer than 20"),
        ({"n_clusters": []}, r"n_clusters is \[\]; give at least one level"),
        ({"n_clusters": [20, 0]}, r"n_clusters is \[20, 0\]; give at least one level, each of at least 1 cluster"),
        ({"levels": "auto", "n_clusters": [2]}, r"levels is auto and n_clusters is \[2\]; give one of them"),
        ({"n_clusters": [20, 6], "n_resamples": 2}, "n_resamples is 2, so resample_sizes needs one size for each of"),
        ({"resample_sizes": [3]}, r"resample_sizes is \[3\] but the levels are automatic, which bring their own"),
        ({"n_concepts": 0}, "greater than or equal to 1"),
        ({"rebuild_at_growth": 0}, "greater than 0"),
    ],
)
def test_levels_that_make_no_tree_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Tree.model_validate(given)


def test_resampling_needs_a_size_for_each_level() -> None:
    assert Tree(n_clusters=(20, 6), n_resamples=2, resample_sizes=(3, 2)).resample_sizes == (3, 2)
