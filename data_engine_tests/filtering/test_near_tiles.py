import numpy as np
import pyarrow as pa
from drawn_tiles import drawn_tile

from data_engine.filtering import limits_of
from data_engine.filtering.first_pass import first_pass
from data_engine.filtering.rules.media.raster_look import look_at_tile


def test_tiles_of_the_same_pixels_are_duplicates_and_those_of_one_place_at_two_times_are_not() -> None:
    june, july = drawn_tile(0, level=0.2), drawn_tile(1, level=0.2)
    raw = pa.table({"sample_id": list("abc"), "uri": list("123"), "is_readable": [True] * 3})
    found = first_pass(
        raw,
        limits_of("raster"),
        batch="b",
        accepted=pa.table({"sample_id": pa.array([], pa.string()), "minhash": pa.array([], pa.binary())}),
        text_of=lambda _: [],
        near_duplicate_similarity=0.97,
        modality="raster",
        read=lambda _: [look_at_tile(tile) for tile in (june, july, june)],
    )
    assert found["reason"].to_pylist() == ["kept", "kept", "near_duplicate"]
    assert found["duplicate_of"].to_pylist() == [None, None, "a"]
    assert np.isclose(found["score"].to_pylist()[2], 1.0)
