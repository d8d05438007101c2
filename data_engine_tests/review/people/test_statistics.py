"""How people answer, on a batch that is counted by hand."""

import pytest
from review_people import NOON, answer_all, at, person

from data_engine.review.people.statistics import AnnotatorStatistics
from data_engine.review.simulated_annotators import answer_as_simulated


def test_answers_seconds_agreement_and_traps_of_each_are_counted(licences):
    answer_all(licences, "ada", ["mit", "mit", "mit", "gpl-2.0"], seconds=4)
    answer_all(licences, "bob", ["mit", "apache-2.0", "mit", "mit"], seconds=8)
    ada, bob = licences.statistics(["licences"], now=at(400))
    assert ada == AnnotatorStatistics(
        annotator="ada",
        is_simulated=False,
        n_answers=4,
        n_last_hour=4,
        n_skipped=0,
        n_corrected=0,
        n_compared=3,
        agreement=pytest.approx(2 / 3),
        n_traps=1,
        trap_catch_rate=0.0,
        median_s=4.0,
        seconds_by_arm={"assisted": 4.0, "blind": 4.0, "manual": 4.0, "trap": 4.0},
    )
    assert (bob.trap_catch_rate, bob.median_s, bob.agreement) == (1.0, 8.0, pytest.approx(2 / 3))
    assert licences.statistics(["licences"], name="bob", now=at(400)) == [bob]
    assert licences.statistics(["others"], now=at(400)) == []
    assert licences.statistics(["licences"], name="bob", now=at(3900))[0].n_last_hour == 1


def test_programs_have_no_seconds_and_are_marked(licences):
    answer_as_simulated(licences, "b1", [("simulated:one", lambda _: "mit")], now=NOON)
    (found,) = licences.statistics(["licences"], now=at(1))
    assert (found.is_simulated, found.n_answers, found.median_s, found.seconds_by_arm) == (True, 4, None, {})


def test_examples_are_finished_tasks_that_all_agree_about_and_never_traps(licences):
    assert licences.examples("licences") == {}
    answer_all(licences, "ada", ["mit", "mit", "gpl-2.0", "gpl-2.0"])
    answer_all(licences, "bob", ["mit", "apache-2.0", "gpl-2.0", "gpl-2.0"])
    found = licences.examples("licences")
    assert {label: [each["payload"]["text"] for each in shown] for label, shown in found.items()} == {
        "mit": ["text 0"],
        "gpl-2.0": ["text 2"],
    }


def test_the_last_answers_come_newest_first(licences):
    answer_all(licences, "ada", ["mit", "apache-2.0", "gpl-2.0"])
    found = licences.last_answers(person("ada"), ["licences"], at_most=2)
    assert [(row["label"], row["payload"]["text"]) for row in found] == [
        ("gpl-2.0", "text 2"),
        ("apache-2.0", "text 1"),
    ]
    assert licences.last_answers(person("bob"), ["licences"]) == []
