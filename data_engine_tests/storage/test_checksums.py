from pathlib import Path

import pytest
from flipped_bits import flip_a_bit

from data_engine.storage.checksums import DamagedContent, seal, sealed, unsealed, verify


@pytest.mark.parametrize("content", [b"", b"weights" * 1000])
def test_what_was_sealed_comes_back(content: bytes) -> None:
    assert unsealed(sealed(content)) == content


@pytest.mark.parametrize("damaged", [b"", b"weights", sealed(b"weights")[:-1], sealed(b"weights")[1:]])
def test_bytes_without_their_checksum_are_refused(damaged: bytes) -> None:
    with pytest.raises(DamagedContent, match="it has another checksum than when it was written, or none"):
        unsealed(damaged)


def test_a_sealed_file_is_sound_until_any_bit_of_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for place in (0, 3_000_000, 3_000_010):
        path.write_bytes(bytes(3_000_001))
        seal(path)
        verify(path)
        flip_a_bit(path, lambda _, place=place: place)
        with pytest.raises(DamagedContent):
            verify(path)
    path.write_bytes(b"short")
    with pytest.raises(DamagedContent):
        verify(path)
