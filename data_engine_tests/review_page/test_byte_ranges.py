import pytest

from data_engine.review_page.byte_ranges import answer_with

CONTENT = b"0123456789"


@pytest.mark.parametrize(
    ("asked", "status", "content", "where"),
    [
        (None, 200, CONTENT, None),
        ("bytes=0-", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("bytes=-", 200, CONTENT, None),
        ("bytes=0-1,3-4", 200, CONTENT, None),
        ("lines=0-1", 200, CONTENT, None),
    ],
)
def test_the_part_that_is_asked_for_is_given(asked: str | None, status: int, content: bytes, where: str | None) -> None:
    said = answer_with(CONTENT, "audio/wav", asked)
    assert (said.status_code, bytes(said.body), said.headers.get("content-range")) == (status, content, where)
    assert said.headers["accept-ranges"] == "bytes"
