import pytest

from data_engine.indexing.text_decoding import BINARY_CONTENT, Decoded, decode


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Füße, 字\n".encode(), "utf-8"),
        (b"\xef\xbb\xbf" + "Füße, 字\n".encode(), "utf-8"),
        (b"\xff\xfe" + "Füße, 字\n".encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + "Füße, 字\n".encode("utf-16-be"), "utf-16-be"),
        (b"\xff\xfe\0\0" + "Füße, 字\n".encode("utf-32-le"), "utf-32-le"),
    ],
)
def test_unicode_with_and_without_byte_order_mark_is_read(content: bytes, encoding: str) -> None:
    assert decode(content) == Decoded("Füße, 字\n", encoding)


def test_windows_1252_is_read_when_it_is_plain_text() -> None:
    assert decode("Größe: 5 €, „gut“".encode("cp1252")) == Decoded("Größe: 5 €, „gut“", "cp1252")


def test_damaged_utf8_is_not_taken_for_windows_1252() -> None:
    damaged = "Größe, Füße, Straße, Höhe".encode()[:-1] + b"\xff"
    decoded = decode(damaged)
    assert decoded.text is None
    assert decoded.error is not None
    assert decoded.error.startswith("neither UTF-8 (broken at byte ")


@pytest.mark.parametrize("encoding", ["cp1251", "gbk", "shift_jis"])
def test_other_legacy_encodings_are_refused_rather_than_garbled(encoding: str) -> None:
    text = "日本" * 20 if encoding != "cp1251" else "Привет, мир и люди"
    decoded = decode(text.encode(encoding))
    assert decoded.text is None
    assert decoded.error is not None


@pytest.mark.parametrize("content", [bytes(range(256)) * 4, b"\x00\x01\x02\x03abc", b"\x7fELF\x02\x01\x01" + bytes(20)])
def test_binary_content_is_named(content: bytes) -> None:
    assert decode(content) == Decoded(None, error=BINARY_CONTENT)


def test_a_nul_in_a_text_is_named_with_its_place() -> None:
    assert decode(b"a" * 99 + b"\0" + b"b" * 99).error == "NUL byte at character 100; remove it from the source"


def test_broken_utf16_is_named() -> None:
    assert decode(b"\xff\xfea").error == "broken UTF-16-LE at byte 2; save it as UTF-8"


def test_nothing_is_an_empty_text() -> None:
    assert decode(b"") == Decoded("")


def test_usual_control_characters_are_text() -> None:
    assert decode(b"a\tb\r\n\x0c\x1b[1mbold").text == "a\tb\r\n\x0c\x1b[1mbold"
