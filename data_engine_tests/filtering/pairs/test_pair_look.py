import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image
from tiny_clip import write_tiny_clip

from data_engine.duplicates.pairs import PAIR_BYTES
from data_engine.errors import InvalidInput
from data_engine.filtering.pairs.pair_look import PairLook, pair_looks
from data_engine.filtering.rules.looking import Looking

OPTIONS = SimpleNamespace(max_pixels=10_000)


def _png(colour: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(written, "PNG")
    return written.getvalue()


def _looks(texts: list[str | None], contents: list[bytes], encoder: str | None = None) -> list[PairLook | None]:
    settings: Any = SimpleNamespace(agreement_encoder=encoder)
    return list(pair_looks(Looking(pa.table({"text": texts}), lambda: contents, OPTIONS, settings)))


def test_a_pair_of_which_one_part_cannot_be_read_is_none_and_the_others_keep_their_place() -> None:
    found = _looks(["red", None, "blue", "green"], [_png("red"), _png("red"), b"", _png("green")])
    assert [None if pair is None else pair.document.text for pair in found] == ["red", None, None, "green"]
    assert found[0] is not None
    assert (found[0].image.width_px, found[0].agreement, len(found[0].sketch)) == (40, None, PAIR_BYTES)
    assert found[0].language is None


def test_a_model_of_both_gives_the_cosine_between_image_and_caption(tmp_path: Path) -> None:
    name = str(write_tiny_clip(tmp_path / "clip"))
    first, lost, second = _looks(["a red square", "lost", "z"], [_png("red"), b"", _png("blue")], name)
    assert lost is None
    assert first is not None
    assert second is not None
    cosines = [first.agreement, second.agreement]
    assert all(cosine is not None and -1 <= cosine <= 1 for cosine in cosines)
    assert cosines[0] != cosines[1]


def test_an_encoder_of_one_part_alone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="agreement_encoder is 'hashed-ngrams', which takes texts only"):
        _looks(["red"], [_png("red")], "hashed-ngrams")
