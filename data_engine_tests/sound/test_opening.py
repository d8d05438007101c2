import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_sounds import RATE_HZ, as_mp3, made, written

from data_engine.sound.opening import UnreadableSound, opened

SPEECH = made("speech", 1, 2.0)


def _all(path: Path) -> tuple[np.ndarray, str | None]:
    with opened(path) as sound:
        blocks = list(sound.blocks())
        return np.concatenate(blocks) if blocks else np.empty((0, 1), np.int16), sound.why_broken


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "sound.wav"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_blocks_are_the_samples_that_the_whole_file_decodes_to(tmp_path: Path, form: str) -> None:
    path = _file(tmp_path, written(np.column_stack([SPEECH, -SPEECH]), form=form))
    found, why = _all(path)
    with soundfile.SoundFile(path) as file:
        expected = np.clip(np.rint(file.read(dtype="float32") * 32768), -32768, 32767)
    assert (found == expected).all() and why is None


def test_an_mp3_with_a_low_bit_rate_is_the_same_in_blocks_of_any_size(tmp_path: Path) -> None:
    # Reading in blocks that end within a frame gives other samples where the wrapper seeks after each of them.
    path = _file(tmp_path, as_mp3(SPEECH, 24))
    whole, _ = _all(path)
    with opened(path) as sound:
        pieces = []
        while len(piece := sound.read(1000)):
            pieces.append(piece)
    assert (np.concatenate(pieces) == whole).all()


def test_what_a_sound_is_comes_from_its_content_and_tags_come_along(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    with soundfile.SoundFile(path.with_suffix(".flac"), "w", 8_000, 1) as file:
        file.title = "A bird"
        file.write(np.zeros(8_000, np.float32))
    path.with_suffix(".flac").rename(path)
    with opened(path) as sound:
        info = sound.info
    assert (info.format, info.encoding, info.rate_hz, info.promised_s) == ("FLAC", "PCM_16", 8_000, 1.0)
    assert dict(info.tags) == {"title": "A bird"} and info.is_seekable


@pytest.mark.parametrize("form", ["FLAC", "MP3", "WAV"])
def test_a_truncated_file_gives_what_is_there_and_says_so(tmp_path: Path, form: str) -> None:
    content = written(made("speech", 1, 6.0), form=form)
    found, why = _all(_file(tmp_path, content[: len(content) // 2]))
    assert 1.5 * RATE_HZ < len(found) < 3.5 * RATE_HZ
    assert why is not None and ("cut off" in why or "at " in why)


def _wav_header(rate_hz: int, n_channels: int, n_bytes: int) -> bytes:
    width = 2 * n_channels
    form = struct.pack("<IHHIIHH", 16, 1, n_channels, rate_hz, rate_hz * width & 0xFFFFFFFF, width, 16)
    return b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + form + b"data" + struct.pack("<I", n_bytes)


def test_ten_hours_in_a_header_are_not_believed(tmp_path: Path) -> None:
    found, why = _all(_file(tmp_path, _wav_header(8_000, 1, 8_000 * 2 * 36_000) + bytes(16_000)))
    assert len(found) == 8_000
    assert why == "it is cut off: 35,999.0 s that its header promises are not there"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_wav_header(1, 1, 200) + bytes(200), "says that it has 1 samples a second; from 1,000 to 768,000 are read"),
        (_wav_header(8_000, 2_000, 4_000) + bytes(4_000), "cannot be decoded: .*channels"),
        (_wav_header(0, 1, 200) + bytes(200), "cannot be decoded"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "cannot be decoded"),
        (b"fLaC" + bytes(50), "cannot be decoded"),
        (b"text", "is no sound"),
    ],
)
def test_hostile_headers_are_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UnreadableSound, match=said), opened(_file(tmp_path, content)):
        pass


def test_values_that_are_no_numbers_end_a_sound(tmp_path: Path) -> None:
    values = np.zeros(40_000, np.float32)
    values[30_000] = np.nan
    found, why = _all(_file(tmp_path, written(values, 8_000, encoding="FLOAT")))
    assert len(found) == 16_384 and why == "it holds values that are no numbers (NaN or infinite) after 2.0 s"


def test_going_to_a_row_gives_the_rows_from_there_in_every_format(tmp_path: Path) -> None:
    for form in ("FLAC", "MP3", "OGG"):
        path = _file(tmp_path, written(SPEECH, form=form))
        whole, _ = _all(path)
        with opened(path) as sound:
            sound.go_to(12_345)
            assert (sound.read(500) == whole[12_345:12_845]).all()
            with pytest.raises(UnreadableSound, match="ends"):
                sound.go_to(len(whole) + 9_000_000)
