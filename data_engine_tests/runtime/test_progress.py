import logging

import pytest

from data_engine.runtime import progress as module
from data_engine.runtime.progress import Progress, progress, shown_by


def test_without_a_display_a_line_is_written_every_ten_seconds_with_the_rate_and_the_time_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 105.0, 110.0, 111.0, 130.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    with caplog.at_level(logging.INFO):
        advance = progress("embedding may", 1000)
        for n in (50, 150, 10, 90):
            advance(n)
    assert caplog.messages == [
        "embedding may: 200 of 1000, 20/s, 40 s left",
        "embedding may: 300 of 1000, 10/s, 70 s left",
    ]


def test_a_display_is_told_of_the_steps_within_it_and_of_no_others(caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []

    def show(text: str, total: int) -> Progress:
        told.append((text, total))
        return told.append

    with shown_by(show):
        progress("hashing", 7)(3)
    progress("after", 9)(2)
    assert told == [("hashing", 7), 3]
    assert caplog.messages == []


def test_the_display_around_it_is_told_again_once_an_inner_one_has_ended_by_an_error() -> None:
    told: list[str] = []

    def shown_as(name: str) -> Progress:
        return lambda *_: told.append(name)

    with shown_by(lambda *_: shown_as("outer")):
        with pytest.raises(KeyError), shown_by(lambda *_: shown_as("inner")):
            progress("one", 1)(1)
            raise KeyError
        progress("two", 1)(1)
    assert told == ["inner", "outer"]
