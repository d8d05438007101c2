import pytest
from sound_tables import Broken, but, chosen_rows, details, outcome_of

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "size_is_the_target",
        "chosen samples: 3, but 4 were asked for and 7 can be chosen; "
        "set subset.target_size to a number that the tree can give, and choose again",
        rows={"balanced_subset": chosen_rows()[:3]},
    ),
    Broken(
        "no_sample_is_chosen_twice",
        "rows of samples that are chosen more than once: 2 of 4, but each sample is chosen once; "
        "choose again from the present tree",
        ("s0",),
        {"balanced_subset": but(chosen_rows(), 1, sample_id="s0")},
        n_offending=2,
    ),
    Broken(
        "every_chosen_sample_is_in_the_tree",
        "chosen samples that are not in the tree: 1 of 4, but only samples of the tree can be chosen; "
        "choose again from the present tree",
        ("gone",),
        {"balanced_subset": but(chosen_rows(), 1, sample_id="gone")},
    ),
    Broken(
        "no_semantic_duplicate_is_chosen",
        "chosen samples that are semantic duplicates: 1 of 4, but a semantic duplicate is not chosen; "
        "choose again from the present tree",
        ("s5",),
        {"semantic_duplicates": [{"sample_id": "s5", "duplicate_of": "s0"}]},
    ),
    # s3 goes for s2, which goes itself.
    Broken(
        "every_semantic_duplicate_names_its_twin",
        "semantic duplicates whose twin is not in the tree or goes itself: 1 of 2, but every semantic duplicate needs "
        "a twin that stays; choose again from the present tree",
        ("s3",),
        {
            "semantic_duplicates": [
                {"sample_id": "s2", "duplicate_of": "s0"},
                {"sample_id": "s3", "duplicate_of": "s2"},
            ]
        },
    ),
    # All samples: 6 and 2 of 8, so KL = ln 2 - H(3/4) = 0.131; all four from one of two clusters: KL = ln 2 = 0.693.
    Broken(
        "balance_is_not_worse_than_raw",
        "KL to uniform over 2 top clusters: 0.693 nats, all samples 0.131, but the subset may be at most 0.01 nats "
        "farther from uniform than all samples; choose again from the present tree, or ask for more samples",
        ("top cluster 0: 100.0% of the subset", "top cluster 1: 0.0% of the subset"),
        {"balanced_subset": [row | {"top_cluster": 0} for row in chosen_rows()]},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["balanced_subset"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("balanced_subset", case) == case.outcome


def test_the_target_size_of_the_corpus_is_asked_for_unless_the_run_asked_for_another() -> None:
    detail = details("balanced_subset", {})["size_is_the_target"]
    assert detail.startswith("chosen samples: 4, but 300 were asked for and 7 can be chosen; ")
