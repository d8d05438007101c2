"""A data folder in a bucket: one store for all tests of a process, and a prefix of its own for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_server import bucket_server

from data_engine.places.object_store import s3_settings
from data_engine.places.place import SCRATCH, place

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def bucket_store() -> Iterator[str]:
    """The URL of a store with the bucket `bucket`."""
    with bucket_server() as url, pytest.MonkeyPatch.context() as patch:
        use_store(patch, url)
        make_bucket("bucket")
        yield url


def use_store(patch: pytest.MonkeyPatch, url: str, key: str = "tests") -> None:
    """Point everything that talks to a store at this one, with these credentials and no others."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_REGION", "us-east-1")
    patch.setenv("AWS_ACCESS_KEY_ID", key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", key)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def make_bucket(name: str) -> None:
    """Make a bucket in the store that the environment names."""
    from s3fs import S3FileSystem

    S3FileSystem(**s3_settings().for_s3fs()).call_s3("create_bucket", Bucket=name)


@pytest.fixture
def bucket(bucket_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder in a bucket, with scratch in the test's own folder."""
    use_store(monkeypatch, bucket_store)
    monkeypatch.setenv(SCRATCH, str(tmp_path / "scratch"))
    return place(f"s3://bucket/{next(_NUMBERS)}/data")


@pytest.fixture(params=["disk", "bucket"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty data folder, on the disk and in a bucket."""
    found: Path = request.getfixturevalue("bucket") if request.param == "bucket" else tmp_path / "data"
    return found
