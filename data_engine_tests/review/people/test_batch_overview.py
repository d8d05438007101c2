"""What somebody sees of the batches, and what people disagree about."""

import pytest
from review_people import answer_all, at, person

from data_engine.errors import NotFound


def test_each_person_sees_what_is_left_for_them(licences):
    answer_all(licences, "ada", ["mit", "mit"])
    (lease,) = licences.take(person("ada"), corpus="licences", now=at(300))
    licences.skip(person("ada"), lease.lease_id, reason="unclear", now=at(301))
    (seen,) = licences.overview(person("ada"), ["licences"])
    assert (seen.n_mine, seen.n_left, seen.n_skipped, seen.n_done, seen.n_tasks) == (2, 1, 1, 0, 4)
    (other,) = licences.overview(person("bob"), ["licences"])
    assert (other.n_mine, other.n_left, other.agreement) == (0, 4, None)
    assert licences.overview(person("ada"), ["others"]) == []
    answer_all(licences, "bob", ["mit", "gpl-2.0"])
    # The values are mit, mit and mit, gpl-2.0: 1 - (4 - 1) x 2 / (2 x 3 x 1) = 0.
    assert licences.overview(person("ada"), ["licences"])[0].agreement == pytest.approx(0)


def test_disputed_samples_are_shown_without_names_until_somebody_decides(licences):
    answer_all(licences, "ada", ["mit", "mit", "mit", "mit"])
    answer_all(licences, "bob", ["mit", "gpl-2.0", "mit", "gpl-2.0"])
    (found,) = licences.disputed("b1", ["licences"])
    assert (found["sample_id"], [each["label"] for each in found["answers"]]) == ("s1", ["gpl-2.0", "mit"])
    assert "ada" not in str(found) and "bob" not in str(found)
    licences.settle(person("eve", "reviewer"), "b1", "s1", "mit", now=at(900))
    assert licences.disputed("b1", ["licences"]) == []
    (decision,) = licences.decisions("b1").to_pylist()
    assert (decision["label"], decision["method"]) == ("mit", "adjudicated:eve")


def test_a_batch_of_another_corpus_is_not_there(licences):
    with pytest.raises(NotFound, match="there is no review batch 'b1' here"):
        licences.disputed("b1", ["others"])
