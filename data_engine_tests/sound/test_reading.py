import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_sounds import RATE_HZ, as_mp3, made, written

from data_engine.sound.clip import wav_bytes
from data_engine.sound.cutting import Cutting
from data_engine.sound.opening import UnreadableSound
from data_engine.sound.reading import ClipsAgain, FoundClip, decoded, read_clips, read_whole, seconds_of

LONG = np.concatenate([made("speech", 2, 4.0), made("chirps", 2, 3.5)])
STEREO = np.column_stack([LONG, 0.5 * LONG])
PLENTY = 20_000_000


def _file(folder: Path, content: bytes, name: str = "sound") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_every_clip_is_read_again_bit_for_bit_in_any_order(tmp_path: Path, form: str) -> None:
    path = _file(tmp_path, written(STEREO, form=form))
    found = list(read_clips(path, Cutting(2.0, 1.3), PLENTY))
    assert [clip.place for clip in found[:2]] == ["t=00:00:00,00:00:02", "t=00:00:01.3,00:00:03.3"]
    assert {clip.clip.n_channels for clip in found} == {2} and len(found) == 6
    again = ClipsAgain()
    for clip in [*found, *found[::-1], found[3]]:
        assert wav_bytes(again.read(path, clip.place)) == wav_bytes(clip.clip)
    again.close()


def test_an_mp3_that_leans_on_frames_before_is_read_again_from_its_midst(tmp_path: Path) -> None:
    path = _file(tmp_path, as_mp3(LONG, 24))
    *_, last = read_clips(path, Cutting(2.0), PLENTY)
    assert wav_bytes(ClipsAgain().read(path, last.place)) == wav_bytes(last.clip)


def test_a_file_no_longer_than_a_clip_is_one_whole_clip(tmp_path: Path) -> None:
    path = _file(tmp_path, written(LONG[:RATE_HZ]))
    (found,) = read_clips(path, Cutting(), PLENTY)
    assert found.is_whole_file and (found.start_s, found.end_s) == (0, 1)
    assert wav_bytes(ClipsAgain().read(path, None)) == wav_bytes(found.clip) == wav_bytes(read_whole(path)[0])


def test_clips_by_silence_are_read_again_too(tmp_path: Path) -> None:
    pause = np.zeros(RATE_HZ // 2, np.float32)
    path = _file(tmp_path, written(np.concatenate([LONG[:RATE_HZ], pause, LONG[:RATE_HZ], pause]), form="FLAC"))
    found = list(read_clips(path, Cutting(silence_db=-50, min_s=0.5), PLENTY))
    assert len(found) == 2 and not any(clip.is_whole_file for clip in found)
    assert all(wav_bytes(ClipsAgain().read(path, clip.place)) == wav_bytes(clip.clip) for clip in found)


def _until_error(path: Path, cutting: Cutting, max_bytes: int = PLENTY) -> tuple[list[FoundClip], str]:
    found = []
    with pytest.raises(UnreadableSound) as error:
        for clip in read_clips(path, cutting, max_bytes):
            found.append(clip)
    return found, str(error.value)


def test_the_clips_before_a_break_are_read_and_none_is_called_whole(tmp_path: Path) -> None:
    content = written(LONG)
    found, said = _until_error(_file(tmp_path, content[: len(content) * 2 // 5]), Cutting(2.0))
    assert [round(clip.end_s, 2) for clip in found] == [2.0, 3.0]
    assert said == "it is cut off: 4.5 s that its header promises are not there"
    (only,), _ = _until_error(_file(tmp_path, content[: len(content) // 5]), Cutting(2.0))
    assert not only.is_whole_file


def test_a_file_without_samples_and_a_silent_one_say_so(tmp_path: Path) -> None:
    nothing, silence = np.empty(0, np.float32), np.zeros(RATE_HZ, np.float32)
    assert _until_error(_file(tmp_path, written(nothing)), Cutting()) == (
        [],
        "holds no samples: it is a header and nothing else; remove it or fetch it again",
    )
    _, said = _until_error(_file(tmp_path, written(silence)), Cutting(silence_db=-50))
    assert said == "is silent: no 20 ms of its 1.0 s reach -50 dB; lower source.clip_silence_db or remove it"


def test_more_channels_than_a_sample_may_hold_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = _file(tmp_path, written(np.zeros((8_000, 64), np.float32), 8_000))
    _, said = _until_error(path, Cutting(), 1_000_000)
    assert said == (
        "has 64 channels at 8,000 Hz, so that a clip of 1 s has 1,024,044 bytes, max_sample_bytes is 1,000,000; lower "
        "source.clip_s or raise source.max_sample_bytes"
    )
    (found,) = read_clips(path, Cutting(), 2_000_000)
    assert found.clip.n_channels == 64


@pytest.mark.parametrize("place", ["", "t=10,20", "t=00:00:10", "7"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="write t=00:00:10,00:00:20"):
        seconds_of(place)


def test_places_of_more_than_an_hour_keep_their_order() -> None:
    assert seconds_of("t=01:00:00.5,11:59:59.000001") == (3600.5, 43_199.000001)


def test_a_sound_is_decoded_from_the_bytes_of_any_format() -> None:
    for form in ("WAV", "FLAC"):
        content = written(LONG, form=form)
        assert (decoded(content).samples[:, 0] == soundfile.read(io.BytesIO(content), dtype="int16")[0]).all()
    with pytest.raises(UnreadableSound, match="is no sound"):
        decoded(b"words")


def test_a_file_that_breaks_off_before_its_first_clip_says_what_to_do(tmp_path: Path) -> None:
    (path := tmp_path / "cut.flac").write_bytes(written(made("speech", 1, seconds=1), form="FLAC")[:2_000])
    with pytest.raises(UnreadableSound, match="; repair it or fetch it again"):
        list(read_clips(path, Cutting(), 20_000_000))
