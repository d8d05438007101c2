from data_engine.quality.checks import Check, blocking, warning


def test_a_blocking_check_holds_back_and_a_warning_does_not() -> None:
    assert blocking("has_samples", "There is one.") == Check("has_samples", "There is one.", True)
    assert warning("has_samples", "There is one.") == Check("has_samples", "There is one.", False)
