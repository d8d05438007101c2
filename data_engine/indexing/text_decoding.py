"""Bytes to text: the encodings that are read, and the limits above which content counts as binary.

Line ends and Unicode forms are made equal in `samples.normalise`.
"""

import codecs
from dataclasses import dataclass

# UTF-32 before UTF-16: the little-endian mark of UTF-32 starts with that of UTF-16.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b") + b"\x7f"
_CONTROL_CHARACTERS = dict.fromkeys(_CONTROLS)
_MAX_CONTROL_SHARE = 0.05
_MAX_HIGH_SHARE = 0.4
BINARY_CONTENT = "binary content"


@dataclass(frozen=True)
class Decoded:
    """Text, or why there is none."""

    text: str | None
    encoding: str = "utf-8"
    error: str | None = None


def byte_order_mark(start: bytes) -> tuple[int, str]:
    """Length of the byte order mark at the start of some bytes and the encoding it announces; (0, "utf-8") for none."""
    return next(((len(mark), encoding) for mark, encoding in _MARKS if start.startswith(mark)), (0, "utf-8"))


def decode(content: bytes) -> Decoded:
    """Decode UTF-8, anything with a byte order mark, or else Windows-1252 when that gives mostly plain text.

    Text with NUL or lone surrogates is refused, because neither databases nor encoders take it.
    """
    length, encoding = byte_order_mark(content)
    try:
        text = content[length:].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or length:
            return Decoded(None, error=f"broken {encoding.upper()} at byte {length + error.start}; save it as UTF-8")
        return _decode_legacy(content, error.start)
    return check_characters(text, encoding)


def check_characters(text: str, encoding: str = "utf-8") -> Decoded:
    """The text as it is, or refused: binary content, a NUL, or a lone surrogate, with its position."""
    if not text.isprintable():
        n_controls = len(text) - len(text.translate(_CONTROL_CHARACTERS))
        if n_controls > max(1, _MAX_CONTROL_SHARE * len(text)):
            return Decoded(None, error=BINARY_CONTENT)
        if (nul := text.find("\0")) >= 0:
            return Decoded(None, error=f"NUL byte at character {nul + 1}; remove it from the source")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return Decoded(None, error=f"half a surrogate pair at character {error.start + 1}; repair it in the source")
    return Decoded(text, encoding=encoding)


def _decode_legacy(content: bytes, first_broken: int) -> Decoded:
    n_controls = len(content) - len(content.translate(None, _CONTROLS))
    if n_controls > _MAX_CONTROL_SHARE * len(content) or b"\0" in content:
        return Decoded(None, error=BINARY_CONTENT)
    n_high = len(content) - len(content.translate(None, bytes(range(128, 256))))
    valid = content.decode("utf-8", "ignore")
    n_broken = len(content) - len(valid.encode())
    n_valid_beyond_ascii = sum(not character.isascii() for character in valid)
    # Damaged UTF-8 read as Windows-1252 would turn every accented letter into two wrong ones.
    is_damaged_utf8 = n_valid_beyond_ascii > n_broken
    if n_controls == 0 and n_high <= _MAX_HIGH_SHARE * len(content) and not is_damaged_utf8:
        try:
            return Decoded(content.decode("cp1252"), encoding="cp1252")
        except UnicodeDecodeError:
            pass
    return Decoded(None, error=f"neither UTF-8 (broken at byte {first_broken}) nor Windows-1252; save it as UTF-8")
