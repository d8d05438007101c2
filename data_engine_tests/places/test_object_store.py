from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_fixtures import make_bucket, use_store
from bucket_server import bucket_server

from data_engine.errors import StorageError
from data_engine.places import object_store
from data_engine.places.object_store import arrow_filesystem, delta_options, entries_from, probe, s3_settings
from data_engine.places.place import place
from data_engine.schemas import FIRST_PASS
from data_engine.storage import TableStore


def test_all_three_drivers_are_told_the_same_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_store(monkeypatch, "http://127.0.0.1:9/")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    settings = s3_settings()
    assert settings.for_s3fs()["endpoint_url"] == settings.for_delta()["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert settings.for_arrow()["endpoint_override"] == "127.0.0.1:9"
    assert settings.for_arrow()["scheme"] == "http"
    assert settings.for_delta()["AWS_ALLOW_HTTP"] == "true"
    assert settings.for_s3fs()["client_kwargs"]["region_name"] == settings.for_delta()["AWS_REGION"] == "eu-west-3"
    assert settings.for_arrow()["region"] == "eu-west-3"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://store")
    assert "AWS_ALLOW_HTTP" not in s3_settings().for_delta()
    assert delta_options(tmp_path) is None


def test_a_place_is_the_root_of_its_file_system(anywhere: Path) -> None:
    if isinstance(anywhere, Path):
        anywhere.mkdir()
    (anywhere / "one").write_bytes(b"1")
    with arrow_filesystem(anywhere).open_input_file("one") as file:
        assert file.read() == b"1"


def test_files_are_listed_from_a_name_on(bucket: Path) -> None:
    for name in ("1", "2", "2.json", "30"):
        (bucket / name).write_bytes(name.encode())
    assert list(entries_from(bucket, "2")) == ["2.json", "30"]
    assert len(set(entries_from(bucket, "").values())) == 4


@pytest.fixture(scope="module")
def careless_store() -> Iterator[str]:
    """A store that ignores on which condition something is to be written."""
    with bucket_server(keeps_conditions=False) as url, pytest.MonkeyPatch.context() as patch:
        use_store(patch, url)
        make_bucket("bucket")
        yield url


def test_a_store_that_would_lose_commits_is_refused_before_the_first_write(
    careless_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_store(monkeypatch, careless_store)
    store = TableStore(place("s3://bucket/data"), "shop")
    with pytest.raises(StorageError, match=r"ignores If-None-Match or If-Match: .* use a store that keeps to them"):
        store.write("first_pass", FIRST_PASS.empty_table(), run_id="run", code_version="1")
    assert list(place("s3://bucket").rglob("*")) == []


def test_a_store_that_keeps_to_conditions_is_asked_once_in_a_process(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe(bucket)
    monkeypatch.setattr(object_store, "_is_refused", lambda *_, **__: pytest.fail("was asked again"))
    probe(bucket / "shop")
    assert list(bucket.rglob("*")) == []


def test_a_bucket_that_is_missing_and_a_store_that_does_not_answer_are_told_apart(
    bucket: Path, bucket_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError, match=r"there is no such bucket .*create it, or mend DATA_ENGINE_DATA"):
        TableStore(place("s3://nowhere/data"), "shop")
    use_store(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=r"the store does not answer .*AWS_ENDPOINT_URL and AWS_REGION are right"):
        TableStore(place("s3://bucket/data"), "shop")


def test_without_credentials_it_is_said_which_to_set(
    bucket_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another address of the same store, so that no driver has its credentials from before.
    use_store(monkeypatch, bucket_store.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(StorageError, match=r"there are no credentials .*set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_"):
        TableStore(place("s3://bucket/data"), "shop")
