from pathlib import Path

import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.places.store_errors import errors_of_store, said_of, trouble


@pytest.mark.parametrize(
    ("said", "what", "remedy"),
    [
        ("NoCredentialsError: Unable to locate credentials", "there are no credentials", "AWS_ACCESS_KEY_ID"),
        ("... <Code>InvalidAccessKeyId</Code>", "the credentials are wrong or have expired", "AWS_PROFILE"),
        ("The provided token: ExpiredToken", "the credentials are wrong or have expired", "AWS_PROFILE"),
        ("Generic S3 error: 403 Forbidden", "these credentials may not do it", "s3:PutObject"),
        ("NoSuchBucket", "there is no such bucket", "DATA_ENGINE_DATA"),
        ("Could not connect to the endpoint URL", "the store does not answer", "AWS_ENDPOINT_URL"),
        ("error sending request for url", "the store does not answer", "AWS_REGION"),
        ("PermanentRedirect", "the bucket is in another region", "set AWS_REGION"),
    ],
)
def test_what_a_store_says_becomes_what_is_wrong_and_what_to_set(said: str, what: str, remedy: str) -> None:
    told = said_of(OSError(said))
    assert told.startswith(f"{what} (")
    assert remedy in told


def test_what_is_not_known_is_told_as_it_was_said() -> None:
    assert trouble(OSError("the moon is full")) is None
    assert said_of(OSError("the moon is full\nand more")) == "the moon is full"
    assert said_of(OSError('asked "http://h/b?key=1", in vain')) == 'asked "http://h/b", in vain'


def test_only_errors_of_stores_are_translated() -> None:
    said = r"trying failed at s3:/b: .*no such bucket \(NoSuchBucket\)"
    with pytest.raises(StorageError, match=said), errors_of_store("trying", Path("s3://b")):
        raise OSError("NoSuchBucket")
    with pytest.raises(InvalidInput, match="own"), errors_of_store("trying", Path("x")):
        raise InvalidInput("own")
    with pytest.raises(KeyError), errors_of_store("trying", Path("x")):
        raise KeyError("of the code")
