"""The suggested levels: as many clusters at the top as concepts, a few leaves for each, and one level if small."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.clustering import resample_sizes_for, suggest_levels
from data_engine.errors import InvalidInput


@pytest.mark.parametrize(
    ("n_samples", "known", "n_clusters"),
    [
        (10_000, {"n_concepts": 200}, (400, 283, 200)),
        (10_000, {"target_size": 1_000}, (400, 283, 200)),
        (10_000, {}, (600, 424, 300)),
        (10_000, {"target_size": 9_000}, (600, 424, 300)),
        (60, {"n_concepts": 4}, (8, 6, 4)),
        (1, {}, (1,)),
        (2, {"n_concepts": 2}, (1,)),
        (10, {"n_concepts": 4}, (4,)),
        (1_000_000_000, {}, (189_732, 134_161, 94_866)),
    ],
)
def test_levels_follow_from_samples_concepts_and_target(
    n_samples: int, known: dict[str, int], n_clusters: tuple[int, ...]
) -> None:
    assert suggest_levels(n_samples, **known).n_clusters == n_clusters


@given(
    n_samples=st.integers(1, 10**9),
    n_concepts=st.none() | st.integers(1, 10**6),
    target_size=st.none() | st.integers(1, 10**9),
)
def test_every_suggestion_can_be_built_and_keeps_the_concepts_apart(
    n_samples: int, n_concepts: int | None, target_size: int | None
) -> None:
    found = suggest_levels(n_samples, n_concepts=n_concepts, target_size=target_size)
    assert all(finer > coarser for finer, coarser in pairwise(found.n_clusters))
    assert found.n_clusters[-1] >= 1
    assert found.n_clusters[0] <= max(n_samples // 2, 1)
    assert len(found.resample_sizes) == len(found.n_clusters)
    if n_concepts is not None and n_concepts <= n_samples // 2:
        assert found.n_clusters[-1] == n_concepts
    assert all(sentence.endswith(".") for sentence in found.explanation)


def test_the_explanation_names_the_numbers() -> None:
    assert suggest_levels(10_000, n_concepts=200).explanation == (
        "The coarsest level gets 200 clusters, one for each of the concepts wanted.",
        "The finest level gets 400, 2 for each of the coarsest and of about 25 samples each, with 283 between, so that "
        "large concepts lose their lead in two steps.",
        "No level is resampled; n_resamples: 10 can make the subset more even, and takes ten times as long.",
    )


def test_too_many_concepts_for_the_samples_are_named() -> None:
    assert suggest_levels(20, n_concepts=200).explanation[0] == (
        "200 concepts are wanted, which 20 samples are too few for: the coarsest level gets 10 clusters, so that each "
        "can hold some of them."
    )


@pytest.mark.parametrize(
    ("n_samples", "reason"),
    [
        (5, "gets 1 cluster, so that 5 samples fill a level with 2 times as many;"),
        (50, "gets 12 clusters, so that 50 samples fill a level with 2 times as many;"),
        (2, "gets 1 cluster, the least there can be;"),
        (10_000, "gets 300 clusters, 3 times the square root of 10,000 samples;"),
    ],
)
def test_the_reason_is_the_limit_that_decided(n_samples: int, reason: str) -> None:
    assert reason in suggest_levels(n_samples).explanation[0]


def test_one_level_says_what_the_samples_cannot_fill() -> None:
    assert suggest_levels(100, n_concepts=45).explanation[1] == (
        "One level is enough: 100 samples cannot fill 2 times as many clusters with 2 each."
    )


def test_resample_sizes_are_half_the_mean_cluster_size() -> None:
    # 9,000 / 300 = 30 samples in a leaf; 300 / 20 = 15 leaves in a cluster; but never a single member.
    assert resample_sizes_for(9_000, (300, 20)) == (15, 8)
    assert resample_sizes_for(9_000, (3_000, 1_000, 300)) == (2, 2, 2)


def test_resampling_is_handed_on_and_explained() -> None:
    found = suggest_levels(9_000, n_concepts=100, n_resamples=10)
    assert found.n_resamples == 10
    assert "built anew 10 times, on the 22, 2, 2 (finest level first)" in found.explanation[-1]


@pytest.mark.parametrize(
    "wrong", [{"n_samples": 0}, {"n_samples": 9, "n_concepts": 0}, {"n_samples": 9, "n_resamples": -1}]
)
def test_a_number_below_one_is_refused_by_name(wrong: dict[str, int]) -> None:
    name, value = list(wrong.items())[-1]
    with pytest.raises(InvalidInput, match=f"{name} is {value}"):
        suggest_levels(**wrong)
