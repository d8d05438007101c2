import io
from pathlib import Path

import numpy as np
from made_sounds import RATE_HZ, made, written
from PIL import Image

from data_engine.indexing.samples import sample_id_of_bytes
from data_engine.indexing.sounds.seen_clips import see_clips, see_sounds
from data_engine.sound.cutting import Cutting
from data_engine.sound.reading import ClipsAgain, decoded

STEREO = np.column_stack([made("melody", 1, 2.5)] * 2)


def test_a_clip_is_told_of_with_its_place_drawing_and_format(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(written(STEREO, form="FLAC"))
    first, last = see_clips(path, Cutting(2.0), 10**7)
    assert (first.place, last.place, first.error) == ("t=00:00:00,00:00:02", "t=00:00:02,00:00:02.5", None)
    assert first.metadata == {
        "duration_s": 2.0,
        "rate_hz": RATE_HZ,
        "n_channels": 2,
        "format": "FLAC",
        "encoding": "PCM_16",
        "start_s": 0.0,
        "end_s": 2.0,
    }
    assert first.n_bytes == 44 + 2 * RATE_HZ * 4 and first.media_type == "audio/wav"
    assert Image.open(io.BytesIO(first.thumbnail or b"")).size == (128, 96)


def test_the_id_is_the_hash_of_the_samples_whatever_held_them(tmp_path: Path) -> None:
    ids = set()
    for form in ("WAV", "FLAC", "AIFF"):
        path = tmp_path / form
        path.write_bytes(written(np.round(STEREO * 20_000) / 32_768, form=form, encoding="PCM_16"))
        (seen,) = see_clips(path, Cutting(), 10**7)
        ids.add(seen.sample_id)
        assert seen.place is None
    from data_engine.sound.clip import wav_bytes

    assert ids == {sample_id_of_bytes(wav_bytes(ClipsAgain().read(path, None)))}


def test_the_last_word_is_why_the_rest_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(written(STEREO)[: -RATE_HZ * 4])
    *clips, last = see_clips(path, Cutting(1.0), 10**7)
    assert [clip.place for clip in clips] == ["t=00:00:00,00:00:01", "t=00:00:01,00:00:01.5"]
    assert last.error == "it is cut off: 1.0 s that its header promises are not there"


def test_sounds_that_are_whole_keep_their_type_and_bad_ones_say_why() -> None:
    good, bad = see_sounds([written(STEREO, form="OGG"), b"no sound"])
    assert (good.media_type, good.metadata["duration_s"], good.error) == ("audio/ogg", 2.5, None)
    assert good.thumbnail is not None and bad.thumbnail is None
    assert str(bad.error).startswith("is no sound")
    assert decoded(written(STEREO, form="OGG")).n_channels == 2
