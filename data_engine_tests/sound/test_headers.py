import struct
from pathlib import Path

import pytest
from made_sounds import as_mp3, made, written

from data_engine.sound.headers import mp3_length, seconds_cut_off, why_no_sound

TONE = made("hum", 0, 1.0)


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "sound"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: it has 0 bytes; remove it or fetch it again"),
        (b"just some words\n" * 9, "is no sound: it does not begin as a WAV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is no sound"),
        (b"RIFF\0\0\0\0AVI LIST", "is no sound"),
        (b"\0\0\0\x20ftypM4A isom", "is an MP4 file .*; turn it into FLAC"),
        (b"MThd\0\0\0\x06", "is a MIDI file, which holds notes and no sound"),
        (b"\xff\xf1\x50\x80" + bytes(99), "is no sound"),
    ],
)
def test_what_is_no_sound_is_told_by_its_first_bytes(tmp_path: Path, content: bytes, said: str) -> None:
    import re

    assert re.search(said, why_no_sound(_file(tmp_path, content)) or "")


@pytest.mark.parametrize(
    ("form", "encoding"), [("WAV", None), ("FLAC", None), ("OGG", None), ("AIFF", None), ("MP3", None)]
)
def test_sounds_are_opened_whatever_they_are_called(tmp_path: Path, form: str, encoding: str | None) -> None:
    assert why_no_sound(_file(tmp_path, written(TONE, form=form, encoding=encoding))) is None


def test_the_seconds_that_a_wav_file_lacks_follow_from_its_header(tmp_path: Path) -> None:
    content = written(TONE)
    assert seconds_cut_off(_file(tmp_path, content)) is None
    assert seconds_cut_off(_file(tmp_path, content[: 44 + 22050])) == 0.5
    assert seconds_cut_off(_file(tmp_path, content[:20])) is None


def test_a_length_that_the_writer_did_not_know_is_no_promise(tmp_path: Path) -> None:
    content = bytearray(written(TONE))
    content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    assert seconds_cut_off(_file(tmp_path, bytes(content))) is None


def test_the_frames_of_an_mp3_file_are_counted_after_its_tags(tmp_path: Path) -> None:
    content = as_mp3(TONE, 64)
    tag = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128)
    seconds, _ = mp3_length(_file(tmp_path, content))
    assert 1.0 <= seconds < 1.2
    assert mp3_length(_file(tmp_path, tag + content))[0] == seconds
    assert mp3_length(_file(tmp_path, b"no frame")) == (0.0, False)
