from datetime import UTC, datetime, timedelta, timezone

import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review import NewTask
from data_engine.review.queue_records import (
    PURPOSES,
    answer_given,
    check_active_seconds,
    check_annotator,
    identifier,
    in_utc,
)


def test_an_id_depends_on_its_parts_and_on_where_one_ends():
    assert identifier("b", "s1", "query") == identifier("b", "s1", "query")
    assert len(identifier("b")) == 32
    assert identifier("ab", "c") != identifier("a", "bc")


def test_a_time_without_zone_is_refused_and_another_zone_is_converted():
    with pytest.raises(InvalidInput, match=r"now is 2024-05-01T12:00:00 without a time zone; pass a UTC time"):
        in_utc(datetime(2024, 5, 1, 12))
    east = timezone(timedelta(hours=2))
    assert in_utc(datetime(2024, 5, 1, 14, tzinfo=east)) == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert in_utc(datetime(2024, 5, 1, 14, tzinfo=east)).tzinfo is UTC


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_id": ""}, "sample_id is empty"),
        (
            {"purpose": "fun"},
            f"purpose is 'fun'; it must be one of {', '.join(PURPOSES)}",
        ),
        ({"arm": "loud"}, "arm is 'loud'; it must be one of manual, assisted, proposed, blind, trap"),
        ({"arm": "proposed"}, "has arm 'proposed' but no proposed_label"),
        ({"arm": "trap"}, "has arm 'trap' but no proposed_label"),
        ({"proposed_label": "mit", "proposed_answer": {"label": "mit"}}, "both a proposed_label and a proposed_answer"),
        ({"probability": 1.5}, r"probability is 1.5; it must lie in \[0, 1\]"),
        ({"probability": float("nan")}, "probability is nan"),
        ({"priority": float("inf")}, "priority is inf; it must be finite"),
    ],
)
def test_a_task_that_breaks_a_rule_is_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        NewTask(**({"sample_id": "s", "purpose": "query", "arm": "manual"} | changes))


def test_only_simulated_annotators_have_the_prefix():
    check_annotator("simulated:ada", is_simulated=True)
    check_annotator("ada", is_simulated=False)
    with pytest.raises(InvalidInput, match="call it 'simulated:ada'"):
        check_annotator("ada", is_simulated=True)
    with pytest.raises(InvalidInput, match="pass is_simulated=True or use a person's name"):
        check_annotator("simulated:ada", is_simulated=False)


@pytest.mark.parametrize("name", ["", "  ", "simulated:"])
def test_an_annotator_has_a_name(name):
    with pytest.raises(InvalidInput, match="give a name"):
        check_annotator(name, is_simulated=name.startswith("simulated:"))


def test_an_unknown_label_comes_with_near_names():
    def check_label(label, classes, batch_id):
        return answer_given(answer_kind("class"), label, None, classes, batch_id)

    assert check_label("mit", ("mit", "gpl-2.0"), "b1") == '{"label":"mit"}'
    with pytest.raises(
        UnknownLabel, match=r"'gpl2.0' is not one of the 2 classes of batch 'b1'; did you mean 'gpl-2.0'"
    ):
        check_label("gpl2.0", ("mit", "gpl-2.0"), "b1")
    with pytest.raises(
        UnknownLabel,
        match=r"the classes begin with \['mit', 'gpl-2.0'\]; .*where labels.classes has changed since, put them back",
    ):
        check_label("zzzz", ("mit", "gpl-2.0"), "b1")


def test_an_answer_is_given_once_as_a_label_or_as_itself():
    kind, classes = answer_kind("class"), ("mit", "gpl-2.0")
    for answer in ({"label": "mit"}, '{ "label": "mit" }'):
        assert answer_given(kind, None, answer, classes, "b1") == '{"label":"mit"}'
    with pytest.raises(InvalidInput, match=r"label is 'mit' and answer is .*'label': 'mit'.*; give one of them"):
        answer_given(kind, "mit", {"label": "mit"}, classes, "b1")
    with pytest.raises(InvalidInput, match="label is None and answer is 'None'; give one of them"):
        answer_given(kind, None, None, classes, "b1")


def test_seconds_are_a_persons_and_not_negative():
    check_active_seconds(None, is_simulated=True)
    check_active_seconds(0.0, is_simulated=False)
    with pytest.raises(InvalidInput, match=r"active_s is 3.0 for a simulated annotator; only people have seconds"):
        check_active_seconds(3.0, is_simulated=True)
    for wrong in (-1.0, float("inf"), float("nan")):
        with pytest.raises(InvalidInput, match="seconds are finite and not negative"):
            check_active_seconds(wrong, is_simulated=False)
