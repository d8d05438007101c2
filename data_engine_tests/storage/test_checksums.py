from pathlib import Path

import pytest
from flipped_bits import flip_a_bit

from data_engine.storage.checksums import DamagedContent, seal, sealed, unsealed, verify


@pytest.mark.parametrize("content", [b"", b"weights" * 1000])
def test_what_was_sealed_comes_back(content: bytes) -> None:
    assert unsealed(sealed(content, "name"), "name") == content


@pytest.mark.parametrize(
    "damaged", [b"", b"weights", sealed(b"weights", "a")[:-1], sealed(b"weights", "a")[1:], sealed(b"weights", "b")]
)
def test_bytes_without_their_checksum_are_refused(damaged: bytes) -> None:
    with pytest.raises(DamagedContent, match="it has another checksum than when it was written, or none"):
        unsealed(damaged, "a")


def test_a_sealed_file_is_sound_until_any_bit_of_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for place in (0, 3_000_000, 3_000_010):
        path.write_bytes(bytes(3_000_001))
        seal(path, "file")
        verify(path)
        flip_a_bit(path, lambda _, place=place: place)
        with pytest.raises(DamagedContent):
            verify(path)
    path.write_bytes(b"short")
    with pytest.raises(DamagedContent):
        verify(path)


def test_a_sound_file_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    for name in ("may", "june"):
        (tmp_path / name).write_text(name)
        seal(tmp_path / name, name)
    (tmp_path / "may").replace(tmp_path / "june")
    with pytest.raises(DamagedContent):
        verify(tmp_path / "june")
