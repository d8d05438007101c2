from pathlib import Path

from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.runtime.alarms.shut_routes import open_withdrawn_review, routes_now

SHUT = "person: rules (shut by its audits: 3 of 9 right, so at most 0.655 of its answers, below the promise of 0.9)"


def test_without_proposals_there_are_no_routes(tmp_path: Path) -> None:
    found = routes_now(notes_runtime(tmp_path))
    assert (found.version, found.shut, found.certified) == ("", {}, {})


def test_the_routes_are_those_of_the_accepted_proposals(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    rows = [
        {"sample_id": "a", "route": "person", "reason": SHUT, "gate_lower_bound": None, "label": "baking"},
        {
            "sample_id": "b",
            "route": "classifier",
            "reason": "classifier: x",
            "gate_lower_bound": 0.93,
            "label": "baking",
        },
    ]
    pass_checks(runtime, write_step(runtime.store(), "proposals", rows))
    found = routes_now(runtime)
    shut, sample_ids = found.shut["rules"]
    assert (shut.n_right, shut.n_audits, shut.most, shut.promise, sample_ids) == (3, 9, 0.655, 0.9, ["a"])
    assert shut.told == "rules is right on 3 of 9 audits, so on at most 0.655 of its answers, and promised 0.9"
    assert found.certified == {"classifier": 0.93}


def test_samples_that_have_left_are_not_asked_about(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", [{"sample_id": "a", "text": "bread"}])
    assert open_withdrawn_review(runtime, ["a", "gone"], cause="c") == ("notes-withdrawn-001", 1)
    assert open_withdrawn_review(runtime, ["gone"], cause="c") == (None, 0)
