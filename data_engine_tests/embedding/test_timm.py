"""Encoders from timm, which is not among the dependencies."""

import pytest

from data_engine.embedding import load_encoder
from data_engine.errors import SourceMissing


def test_timm_is_asked_for_where_it_is_not_installed() -> None:
    with pytest.raises(SourceMissing, match="needs the package timm; install it with pip install timm"):
        load_encoder("timm/vit_small_patch16_224")
