from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs as pafs

from data_engine.storage.tables import parquet_files
from data_engine.storage.tables.parquet_files import (
    DamagedFile,
    DataFile,
    PartitionRows,
    delete_files,
    verified_format,
    verify,
    write_files,
)

SCHEMA = pa.schema([pa.field("n", pa.int64(), nullable=False)])


def _rows(*parts: range, **values: str) -> PartitionRows:
    return PartitionRows(values, [pa.table({"n": list(part), "of": ["x"] * len(part)}) for part in parts])


def _numbers(folder: Path, file: DataFile) -> list[int]:
    numbers: list[int] = pq.read_table(folder / file.path, partitioning=None)["n"].to_pylist()
    return numbers


def test_each_partition_becomes_one_numbered_file_with_its_rows_in_order(tmp_path: Path) -> None:
    partitions = [_rows(range(3), range(3, 5), day="a/b"), _rows(day="empty"), _rows(range(2), day="")]
    first, second = write_files(tmp_path, SCHEMA, partitions)

    assert (first.values, first.n_rows, _numbers(tmp_path, first)) == ({"day": "a/b"}, 5, [0, 1, 2, 3, 4])
    assert (second.values, second.n_rows, _numbers(tmp_path, second)) == ({"day": None}, 2, [0, 1])
    assert first.path.startswith("day=a%2Fb/part-00000-")
    assert second.path.startswith("day=__HIVE_DEFAULT_PARTITION__/part-00001-")
    assert first.size == (tmp_path / first.path).stat().st_size


def test_a_value_that_is_too_long_for_a_file_system_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    files = write_files(tmp_path, SCHEMA, [_rows(range(1), day="é" * 254 + end) for end in "ab"])
    assert [file.values["day"] for file in files] == ["é" * 254 + "a", "é" * 254 + "b"]
    assert len({Path(file.path).parent for file in files}) == 2
    assert all(len(Path(file.path).parts[0]) < 255 for file in files)


def test_small_parts_share_a_row_group_and_a_large_one_becomes_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_ROW_GROUP_BYTES", 8 * 10)
    parts = [range(start, start + 4) for start in range(0, 12, 4)] + [range(12, 40)]
    (file,) = write_files(tmp_path, SCHEMA, [_rows(*parts)])
    found = pq.ParquetFile(tmp_path / file.path).metadata
    assert [found.row_group(number).num_rows for number in range(found.num_row_groups)] == [12, 10, 10, 8]
    assert _numbers(tmp_path, file) == list(range(40))


def test_a_write_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def parts() -> Iterator[pa.Table]:
        yield pa.table({"n": [1]})
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="the source broke off"):
        write_files(tmp_path, SCHEMA, [_rows(range(3), day="a"), PartitionRows({"day": "b"}, parts())])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_that_were_not_committed_can_be_deleted(tmp_path: Path) -> None:
    files = write_files(tmp_path, SCHEMA, [_rows(range(3), day="a")])
    delete_files(tmp_path, files)
    assert list(tmp_path.rglob("*.parquet")) == []


def _flipped(path: Path, place: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_of_a_large_file_a_flipped_bit_of_the_footer_is_found_and_an_earlier_file_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_HASHED_WHOLE_BYTES", 100)
    (file,) = write_files(tmp_path, SCHEMA, [_rows(range(3))])
    path = tmp_path / file.path
    assert file.size > parquet_files._HASHED_WHOLE_BYTES
    verify(path)
    _flipped(path, file.size - 20, 3)
    with pytest.raises(DamagedFile, match="it has another checksum than when it was written"):
        verify(path)
    verify(path.rename(tmp_path / "part-00000-327f0170-fec5-4345-b567-2e12748d9504-c000.snappy.parquet"))
    verify(path)


def test_no_flipped_bit_of_a_file_changes_what_is_read_of_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = pa.table({"n": rng.permutation(300), "of": ["x"] * 300})
    (file,) = write_files(tmp_path, SCHEMA, [PartitionRows({}, [rows])])
    path, silent = tmp_path / file.path, []
    written = path.read_bytes()
    for place in rng.choice(len(written), 300, replace=False).tolist():
        path.write_bytes(written)
        _flipped(path, place, place % 8)
        try:
            verify(path)
            found = verified_format().make_fragment(str(path), pafs.LocalFileSystem()).to_table()
        except (OSError, pa.ArrowException):
            continue
        if found["n"].to_pylist() != rows["n"].to_pylist():
            silent.append(place)
    assert silent == []
