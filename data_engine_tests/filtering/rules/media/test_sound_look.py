import numpy as np
import pyarrow as pa
from made_sounds import made, written

from data_engine.filtering.rules.looking import Looking
from data_engine.filtering.rules.media.sound_look import looks
from data_engine.sound.landmarks import SKETCH_BYTES


def test_each_row_gets_its_look_and_what_cannot_be_had_none() -> None:
    contents = [written(made("melody", 1, 2.0), form="FLAC"), b"", b"words", written(np.zeros(9_000, np.float32))]
    told: list[int] = []
    raw = pa.table({"sample_id": list("abcd")})
    melody, absent, broken, silent = looks(Looking(raw, lambda: contents, progress=told.append))
    assert melody is not None and melody.measures.duration_s == 2.0 and len(melody.sketch) == SKETCH_BYTES
    assert absent is None and broken is None
    assert silent is not None and silent.sketch == b"" and silent.measures.silence_share == 1
    assert told == [1, 1, 1, 1]
