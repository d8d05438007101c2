from data_engine.reporting.metrics.funnel import headline, stages
from data_engine.reporting.metrics.metric import Metric


def _metrics(**counts: int) -> dict[tuple[str, str], Metric]:
    made = {}
    for name, n in counts.items():
        metric, scope = ("rejected", name.removeprefix("no_")) if name.startswith("no_") else ("funnel", name)
        made[metric, scope] = Metric(metric, scope, n, "samples", "neutral", "")
    return made


def test_stages_are_shares_of_the_first_and_say_what_was_lost_before_them() -> None:
    found = stages(
        _metrics(
            raw=200, kept=150, unique=120, chosen=50, labelled=40, releasable=38,
            no_too_short=30, no_junk=20, no_near_duplicate=30,
        )
    )  # fmt: skip
    assert [(stage.name, stage.n, stage.share, stage.lost) for stage in found] == [
        ("raw", 200, 1.0, ""),
        ("kept", 150, 0.75, "30 too short, 20 junk"),
        ("unique", 120, 0.6, "30 near duplicate"),
        ("balanced", 50, 0.25, ""),
        ("labelled", 40, 0.2, "10 wait for an answer"),
        ("in scope", 38, 0.19, "2 labelled out of scope"),
    ]


def test_semantic_duplicates_go_before_the_subset_is_chosen() -> None:
    found = stages(_metrics(raw=20, unique=12, chosen=5, no_semantic_duplicate=3))
    assert [stage.lost for stage in found] == ["", "", "3 semantic duplicate, the rest not chosen"]


def test_nothing_measured_has_no_stages_and_no_samples_are_no_division_by_zero() -> None:
    assert stages({}) == ()
    assert [stage.share for stage in stages(_metrics(raw=0, kept=0))] == [0.0, 0.0]


def test_the_headline_goes_as_far_as_the_run_did() -> None:
    assert headline({}) == "Nothing has been measured yet."
    assert headline(_metrics(raw=1200)) == "1,200 raw samples."
    assert headline(_metrics(raw=1200, unique=900)) == "1,200 raw samples hold 900 worth keeping."
    assert headline(_metrics(raw=9, unique=8, chosen=5)) == "9 raw samples became 5 balanced ones."
    whole = _metrics(raw=9, unique=8, chosen=5, releasable=4, released=3)
    assert headline(whole) == "9 raw samples became 5 balanced ones; 3 of them have a label and are in scope."
