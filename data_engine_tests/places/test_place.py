from pathlib import Path

import pytest

from data_engine.errors import InvalidInput
from data_engine.places.place import SCRATCH, drop_copy, local_copy, place, remove_folder, scratch


def test_a_text_is_a_folder_or_what_a_url_names(tmp_path: Path, bucket: Path) -> None:
    assert place(str(tmp_path)) == tmp_path
    assert place(f"{bucket}/") == place(bucket) == bucket
    assert str(bucket / "shop").startswith("s3://bucket/")


@pytest.mark.parametrize("url", ["gs://bucket/x", "s3://", "https://host/x"])
def test_another_kind_of_url_is_refused_with_what_may_be_given(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"only a folder of this host or s3://BUCKET/PREFIX can be one"):
        place(url)


def test_scratch_is_beside_the_data_unless_it_is_said_or_the_data_are_behind_a_url(
    tmp_path: Path, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCRATCH)
    assert scratch(tmp_path / "data") == tmp_path / "data"
    assert scratch(bucket).parts[1] == "tmp" or "data-engine-" in str(scratch(bucket))
    monkeypatch.setenv(SCRATCH, str(tmp_path / "fast"))
    assert scratch(Path("/mnt/data")) == tmp_path / "fast" / "mnt" / "data"
    assert scratch(bucket / "shop").is_relative_to(tmp_path / "fast")
    assert scratch(bucket / "shop") == scratch(bucket) / "shop"


def test_a_file_is_fetched_once_until_its_copy_is_dropped(bucket: Path) -> None:
    (bucket / "shop").joinpath("one").write_bytes(b"first")
    copy = local_copy(bucket / "shop" / "one")
    (bucket / "shop" / "one").write_bytes(b"other")
    assert local_copy(bucket / "shop" / "one").read_bytes() == b"first"
    drop_copy(bucket / "shop" / "one")
    assert local_copy(bucket / "shop" / "one").read_bytes() == b"other"
    assert [path.name for path in copy.parent.iterdir()] == ["one"]
    with pytest.raises(FileNotFoundError):
        local_copy(bucket / "shop" / "two")


def test_a_file_of_this_host_is_its_own_copy_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"1")
    assert local_copy(path) == path
    drop_copy(path)
    assert path.exists()


def test_a_folder_goes_with_all_below_it_and_its_neighbour_stays(anywhere: Path) -> None:
    for name in ("a/b/1", "a/2", "ab/3"):
        path = anywhere / name
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    remove_folder(anywhere / "a")
    assert [path.name for path in anywhere.rglob("*")] == ["ab", "3"]
