from pathlib import Path

from data_engine.places.kinds import file_system_of, is_local, is_url


def test_a_folder_is_of_this_host_and_what_has_a_scheme_is_not(tmp_path: Path, bucket: Path) -> None:
    assert (is_local(tmp_path), is_local(bucket)) == (True, False)
    assert (is_url(str(tmp_path)), is_url(tmp_path), is_url(str(bucket)), is_url("s3://b/c")) == (
        False,
        False,
        True,
        True,
    )


def test_the_key_of_a_place_begins_with_its_bucket(bucket: Path) -> None:
    file_system, key = file_system_of(bucket / "a b")
    file_system.pipe_file(key, b"1")
    assert (key.partition("/")[0], key.rpartition("/")[2]) == ("bucket", "a b")
    assert [path.name for path in bucket.iterdir()] == ["a b"]
