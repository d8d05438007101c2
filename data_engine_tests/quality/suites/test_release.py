import json

import pytest
from sound_tables import Broken, but, outcome_of, release_rows, tables_of

from data_engine.corpus import Corpus
from data_engine.quality import CHECKS, evaluate

BROKEN = [
    Broken(
        "every_released_sample_has_a_label",
        "released samples whose label is not the one in labels: 2 of 4, but every released label must be the "
        "sample's label; build the release again from the present labels",
        ("s0", "s9"),
        {"release": [*but(release_rows(), 0, label="b"), {"sample_id": "s9", "label": "a", "provenance": "human"}]},
    ),
    Broken(
        "no_out_of_scope_sample_is_released",
        "released samples that are out of scope: 1 of 4, but samples labelled 'junk' stay behind; "
        "build the release again without them",
        ("s7",),
        {"release": [*release_rows(), {"sample_id": "s7", "label": "junk", "provenance": "human"}]},
    ),
    Broken(
        "release_is_not_empty",
        "released samples: 0, but a release needs at least 1; label some of the subset first",
        rows={"release": []},
    ),
    Broken(
        "provenance_is_known",
        "labels of unknown provenance: 1 of 3, but it must be one of human, adjudicated, human_assisted, "
        "model_accepted, model_edited, imported, model_auto, rule_auto, foundation_auto, simulated; "
        "compute the labels again from the answers and the proposals",
        ("s0",),
        {"release": but(release_rows(), 0, provenance="")},
    ),
    Broken(
        "no_cluster_is_in_two_splits",
        "released samples whose cluster is in several splits: 2 of 3, but a cluster stays on one side; build the "
        "release again",
        ("s0", "s5"),
        {
            "release": [
                row | {"leaf": leaf, "split": split}
                for row, leaf, split in zip(release_rows(), (4, 4, 5), ("train", "test", "test"), strict=True)
            ]
        },
    ),
    Broken(
        "no_near_duplicate_is_in_another_split",
        "released samples that nearly repeat one of another split: 1 of 3, but near duplicates stay on one side; "
        "lower release.splits.least_cosine and release again, so that they are kept together",
        ("s5",),
        {"release": but(release_rows(), 1, repeats_in_other_split="s0")},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["release"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("release", case) == case.outcome


@pytest.mark.parametrize(("east", "passes"), [((0.02, 5.0), True), ((0.02, 0.04), False)])
def test_tiles_of_scenes_stay_together_by_the_ground_and_not_by_their_cluster(east: tuple, passes: bool) -> None:
    corpus = Corpus.model_validate(
        {
            "name": "land",
            "modality": "raster",
            "source": {"kind": "raster_tiles", "path": ".", "tile_px": 64},
            "subset": {"target_size": 3},
            "release": {"splits": {}},
        }
    )
    rows = [
        row
        | {
            "leaf": 4,
            "split": split,
            "metadata": json.dumps({"west": end - 0.02, "south": 0, "east": end, "north": 0.02}),
        }
        for row, split, end in zip(release_rows(), ("train", "train", "test"), (0.02, *east), strict=True)
    ]
    tables = tables_of("release", {"release": rows})
    found = {result.name: result for result in evaluate("release", tables, corpus)}["no_cluster_is_in_two_splits"]
    assert found.passed is passes
    assert passes or "whose piece of ground is in several splits: 3 of 3" in found.detail
