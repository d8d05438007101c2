import traceback

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.queue_url import parsed_url, shown_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2//maria:topsecret@host/db",
        "postgresql:maria:topsecret@host/db",
        "postgresql://maria:topsecret@host:port/db",
        "maria:topsecret@host",
        "mysql://maria:topsecret@host/db",
        "nonsense://maria:topsecret@host/db?password=topsecret",
    ],
)
def test_a_mistyped_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(Exception) as caught:
        parsed_url(url)
    said = "".join(traceback.format_exception(caught.value))
    assert "topsecret" not in said.replace(url, "") or "topsecret" not in str(caught.value)
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_path_in_the_place_of_a_url_is_shown_with_what_to_write() -> None:
    with pytest.raises(InvalidInput, match=r"'/data/review.db', which is no database URL; write sqlite:////absolute"):
        parsed_url("/data/review.db")


def test_a_url_is_shown_without_user_password_and_query() -> None:
    shown = shown_url(parsed_url("postgresql://maria:topsecret@host:5432/db?sslpassword=other-secret"))
    assert shown == "postgresql://host:5432/db"
    assert shown_url(parsed_url("sqlite:////data/review.db")) == "sqlite:////data/review.db"
