from datetime import UTC, datetime

import pytest
from made_sounds import made, written

from data_engine.indexing.isolation.reader_process import IsolatedReader, ReaderKilled
from data_engine.indexing.samples import RawSample
from data_engine.indexing.sounds.looking import look_at_sounds
from data_engine.indexing.source import Source

OPTIONS = Source(kind="folder", path=".")
GOOD = written(made("speech", 1, 0.5), form="FLAC")


def _sample(name: str, content: bytes | None, error: str | None = None) -> RawSample:
    return RawSample(name, name, 1, datetime(2026, 1, 1, tzinfo=UTC), content=content, error=error, metadata={"own": 1})


def test_sounds_get_type_drawing_and_metadata_and_others_pass_by() -> None:
    samples = [_sample("a", GOOD), _sample("b", b"words"), _sample("c", None), _sample("d", GOOD, "was too large")]
    a, b, c, d = look_at_sounds(samples, OPTIONS)
    assert (a.media_type, a.content, a.error, a.metadata["own"], a.metadata["duration_s"]) == (
        "audio/flac",
        None,
        None,
        1,
        0.5,
    )
    assert a.thumbnail is not None
    assert b.content is None and str(b.error).startswith("is no sound")
    assert (c, d) == (samples[2], samples[3])


def test_a_sound_that_ends_the_process_is_lost_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = IsolatedReader.ask

    def dying(self: IsolatedReader, work: object, contents: list[bytes], **how: object) -> object:
        if contents[0] == b"deadly":
            raise ReaderKilled("the reader was killed by signal 11 (SIGSEGV)")
        return ask(self, work, contents[:1], **how)  # type: ignore[arg-type]

    monkeypatch.setattr(IsolatedReader, "ask", dying)
    found = list(look_at_sounds([_sample("a", GOOD), _sample("b", b"deadly"), _sample("c", GOOD)], OPTIONS))
    assert [sample.error for sample in found] == [
        None,
        "the reader was killed by signal 11 (SIGSEGV) while it decoded this; repair it or remove it",
        None,
    ]
