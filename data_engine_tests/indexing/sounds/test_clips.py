import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_sounds import made, written

from data_engine.errors import ContentMissing, SourceError
from data_engine.indexing import Contents, list_batches, read_batch
from data_engine.indexing.isolation.reader_process import IsolatedReader, ReaderKilled
from data_engine.indexing.source import Batches, Source

LONG = np.concatenate([made("speech", 4, 2.0), made("rhythm", 4, 1.5)])


def _rows(folder: Path, **options: Any) -> tuple[Source, list[dict[str, Any]]]:
    source = Source(kind="audio", path=str(folder), **options)
    (files,) = list_batches(source, Batches(), folder).values()
    return source, read_batch(source, files, batch="b", modality="audio").to_pylist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files of all formats, one of them packed, and files that are broken each in another way."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, form in (("a.wav", "WAV"), ("b.flac", "FLAC"), ("c.mp3", "MP3"), ("d.ogg", "OGG")):
        (folder / name).write_bytes(written(LONG, form=form))
    (folder / "e.wav.gz").write_bytes(gzip.compress(written(LONG)))
    (folder / "f_mp3.wav").write_bytes(written(LONG[:22_050], form="MP3"))
    (folder / "g_cut.wav").write_bytes(written(LONG)[:-60_000])
    (folder / "h_empty.flac").write_bytes(b"")
    (folder / "i_text.wav").write_text("words " * 99)
    (folder / "j_nothing.wav").write_bytes(written(LONG[:0]))
    return folder


@pytest.fixture(scope="module")
def read(folder: Path) -> tuple[Source, list[dict[str, Any]]]:
    return _rows(folder, clip_s=2.0)


def test_files_of_all_formats_are_cut_into_clips(read: tuple[Source, list[dict[str, Any]]]) -> None:
    _, rows = read
    readable = [row for row in rows if row["is_readable"]]
    assert [row["uri"] for row in readable] == [
        *(
            f"{name}#t={part}"
            for name in ("a.wav", "b.flac", "c.mp3", "d.ogg", "e.wav.gz")
            for part in ("00:00:00,00:00:02", "00:00:02,00:00:03.5")
        ),
        "f_mp3.wav",
        "g_cut.wav#t=00:00:00,00:00:02",
        "g_cut.wav#t=00:00:02,00:00:02.139456",
    ]
    assert {row["media_type"] for row in readable} == {"audio/wav"} and all(row["thumbnail"] for row in readable)
    assert [json.loads(row["metadata"])["format"] for row in readable[::2]] == [
        "WAV",
        "FLAC",
        "MP3",
        "OGG",
        "WAV",
        "MP3",
        "WAV",
    ]
    ids = {row["uri"]: row["sample_id"] for row in readable}
    assert ids["a.wav#t=00:00:00,00:00:02"] == ids["e.wav.gz#t=00:00:00,00:00:02"]


def test_what_cannot_be_read_says_why_and_the_rest_goes_on(read: tuple[Source, list[dict[str, Any]]]) -> None:
    errors = {row["uri"]: row["error"] for row in read[1] if not row["is_readable"]}
    assert errors == {
        "g_cut.wav#t=00:00:02.139456": "is lost from 00:00:02.139456 on: it is cut off: 1.4 s that its header promises "
        "are not there; repair the file or fetch it again",
        "h_empty.flac": "is empty: it has 0 bytes; remove it or fetch it again",
        "i_text.wav": "is no sound: it does not begin as a WAV, FLAC, OGG, MP3, AIFF, AU or CAF file, whatever its "
        "name says; remove it or narrow source.pattern",
        "j_nothing.wav": "holds no samples: it is a header and nothing else; remove it or fetch it again",
    }


def test_every_clip_is_read_again_with_the_bytes_of_its_id(
    folder: Path, read: tuple[Source, list[dict[str, Any]]]
) -> None:
    source, rows = read
    contents = Contents(source, folder, "audio")
    readable = [row for row in rows if row["is_readable"]]
    for row in [*readable, *readable[::-1]]:
        assert len(contents.read(row)) == row["n_bytes"]


def test_a_file_that_has_changed_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(written(LONG))
    source, rows = _rows(tmp_path, clip_s=2.0)
    (tmp_path / "a.wav").write_bytes(written(LONG[::-1].copy()))
    with pytest.raises(ContentMissing, match="has changed since it was indexed"):
        Contents(source, tmp_path, "audio").read(rows[0])
    (tmp_path / "a.wav").write_bytes(b"words")
    with pytest.raises(ContentMissing, match=r"cannot be read again .*is no sound"):
        Contents(source, tmp_path, "audio").read(rows[1])


def test_silence_cuts_where_that_is_asked_for(tmp_path: Path) -> None:
    pause = np.zeros(11_025, np.float32)
    (tmp_path / "a.wav").write_bytes(written(np.concatenate([LONG[:30_000], pause, LONG[:30_000], pause])))
    _, rows = _rows(tmp_path, clip_silence_db=-50.0, clip_min_s=0.5)
    assert len(rows) == 2 and all("#t=" in row["uri"] for row in rows)


def test_a_decoder_that_dies_loses_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(self: IsolatedReader, _work: object, *_: object, **__: object) -> Any:
        raise ReaderKilled("the reader was killed by signal 11 (SIGSEGV)")

    (tmp_path / "a.wav").write_bytes(written(LONG))
    monkeypatch.setattr(IsolatedReader, "ask", dying)
    (row,) = _rows(tmp_path)[1]
    assert row["error"] == (
        "the reader was killed by signal 11 (SIGSEGV); repair it, or raise source.max_sample_s or "
        "source.max_reader_bytes where it is only long"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clip_s": 2, "clip_step_s": 3}, "sound between two clips is in none; lower clip_step_s to at most 2"),
        ({"clip_pause_s": 1}, "give clip_silence_db too"),
        ({"clip_silence_db": -40, "clip_step_s": 1}, "clip_step_s is for clips cut by length"),
        ({"clip_s": 0}, "greater than or equal to 0.1"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Source(kind="audio", path=".", **options)


def test_other_kinds_take_no_clips_and_clips_are_sounds(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clip_s is for kind audio only; remove clip_s"):
        Source(kind="folder", path=".", clip_s=2)
    with pytest.raises(SourceError, match="set modality: audio"):
        read_batch(Source(kind="audio", path="."), [], batch="b", modality="image")
