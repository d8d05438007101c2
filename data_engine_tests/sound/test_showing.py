import numpy as np
import pytest
from made_sounds import made, written

from data_engine.errors import ContentMissing
from data_engine.sound.clip import clip_of
from data_engine.sound.showing import clips_for_encoder, played_sound, shown_sound

SOUND = written(made("chirps", 1, 0.5), form="OGG")
ROW = {"uri": "a.ogg"}


def test_a_sound_is_shown_as_a_drawing_and_played_as_wav() -> None:
    shown = shown_sound(SOUND, ROW, None, longer_at_least_px=2048)
    assert shown.image is not None and shown.image.size == (600, 264)
    media_type, content = played_sound(SOUND, ROW, None)
    assert media_type == "audio/wav" and clip_of(content).duration_s == 0.5


def test_an_encoder_is_given_clips_in_the_order_of_the_rows() -> None:
    first, second = clips_for_encoder([ROW, ROW], iter([SOUND, written(np.zeros(9, np.float32))]), None, 256)
    assert (first.duration_s, len(second.samples), first.modality) == (0.5, 9, "audio")


def test_what_cannot_be_decoded_any_more_says_so() -> None:
    assert str(shown_sound(b"words", ROW, None).error).startswith("is no sound")
    for work in (lambda: played_sound(b"words", ROW, None), lambda: clips_for_encoder([ROW], [b"words"], None, 9)):
        with pytest.raises(ContentMissing, match=r"sound a\.ogg cannot be decoded any more: is no sound"):
            work()
