import pytest

from data_engine.filtering.rules.media.raster_look import RasterLook
from data_engine.filtering.rules.media.raster_rules import RASTER_RULES
from data_engine.rasters.measures import RasterMeasures

RULES = {rule.name: rule for rule in RASTER_RULES}
SEEN = RasterLook(RasterMeasures(0.6, 0.005, 0.9, 0.1, 0.8), b"")
UNSEEN = RasterLook(RasterMeasures(1.0, None, None, None, None), b"")


@pytest.mark.parametrize(
    ("name", "score", "limit", "is_rejected"),
    [
        ("without_data", 0.6, 0.5, True),
        ("without_data", 0.6, 0.6, False),
        ("too_plain", 0.1, 0.2, True),
        ("cloudy", 0.9, 0.5, True),
        ("flat", 0.8, 0.9, False),
        ("dim", 0.005, 0.01, True),
    ],
)
def test_a_rule_holds_its_measure_against_a_limit(name: str, score: float, limit: float, is_rejected: bool) -> None:
    assert RULES[name].score(SEEN) == score
    assert RULES[name].rejects(score, limit) is is_rejected


def test_what_cannot_be_measured_breaks_no_rule_but_that_of_missing_data() -> None:
    broken = [name for name, rule in RULES.items() if rule.rejects(rule.score(UNSEEN), rule.default or 0.5)]
    assert broken == ["without_data"]


def test_only_what_is_broken_for_every_purpose_is_on() -> None:
    assert [name for name, rule in RULES.items() if rule.default is not None] == ["without_data", "too_plain"]
