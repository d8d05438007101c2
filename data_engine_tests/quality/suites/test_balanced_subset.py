import pytest
from sound_tables import Broken, but, chosen_rows, details, failed, outcome_of, proof_rows

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
        "KL to uniform over 2 top clusters: 0.693 nats, all samples 0.131, first `top cluster 0: 100.0% of the "
        "subset`, `top cluster 1: 0.0% of the subset`, but the subset may be at most 0.01 nats farther from uniform "
        "than all samples; ask for more samples, or choose by subset.method hierarchical, which evens them out",
        ("top cluster 0: 100.0% of the subset", "top cluster 1: 0.0% of the subset"),
        {"balanced_subset": [row | {"top_cluster": 0} for row in chosen_rows()]},
    ),
    # Each draw against the random one of the same split: -0.25 and -0.27; the interval is the mean -+ 6.31 x 0.01.
    Broken(
        "balanced_is_not_worse_than_random",
        "balanced minus random, macro accuracy: -0.260 (90 % interval -0.323 to -0.197); recall of the rarest third "
        "of the labels: +0.125 (90 % interval -0.664 to +0.914), but a subset should be worth at least as much as "
        "random samples of its number; choose by subset.method random, which did best here, or raise "
        "subset.target_size",
        ("macro accuracy",),
        {
            "subset_proof": [
                row
                | {
                    "macro_accuracy": (0.45, 0.33)[row["draw"]]
                    if row["method"] == "balanced"
                    else row["macro_accuracy"]
                }
                for row in proof_rows()
            ]
        },
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


def test_without_known_labels_held_out_samples_are_to_lie_as_near_as_to_random_samples() -> None:
    unknown = [row | {"macro_accuracy": None, "rare_recall": None} for row in proof_rows()]
    assert details("balanced_subset", {"subset_proof": unknown})["balanced_is_not_worse_than_random"] == (
        "balanced minus random, nearness of held-out samples: +0.100 (90 % interval +0.100 to +0.100)"
    )
    farther = [row | {"distance": 0.1 if row["method"] == "random" else 0.3} for row in unknown]
    assert failed("balanced_subset", {"subset_proof": farther}, target=4) == {"balanced_is_not_worse_than_random"}


def test_a_loss_that_chance_explains_is_no_failure() -> None:
    """Each draw against the random one of the same split: -0.2 and -0.3, of which the interval holds 0."""
    rows = [
        row | ({"macro_accuracy": (0.5, 0.3)[row["draw"]]} if row["method"] == "balanced" else {})
        for row in proof_rows()
    ]
    assert (
        "-0.250 (90 % interval -0.566 to +0.066)"
        in (details("balanced_subset", {"subset_proof": rows})["balanced_is_not_worse_than_random"])
    )
    assert not failed("balanced_subset", {"subset_proof": rows}, target=4)


def test_what_was_not_measured_against_random_samples_is_said_and_is_no_failure() -> None:
    only = [row for row in proof_rows() if row["method"] == "balanced"]
    for rows in ([], only):
        detail = details("balanced_subset", {"subset_proof": rows})["balanced_is_not_worse_than_random"]
        assert detail == "it has not been measured against random subsets"
        assert not failed("balanced_subset", {"subset_proof": rows}, target=4)
