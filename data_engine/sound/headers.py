"""What a file says of itself in its first bytes, and how much sound it promises there; nothing is decoded.

Decoding is in `opening.py`.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_HEAD_BYTES = 4096
_RIFF_FORMS = (b"RIFF", b"RIFX", b"RF64")
#: How files begin that are read.
_KNOWN = (b"fLaC", b"OggS", b"ID3", b".snd", b"caff", b"FORM")
#: Other files, by how they begin, with what to do.
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "an MP4 file (AAC, ALAC or video)"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"MThd", "a MIDI file, which holds notes and no sound"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"MAC ", "a Monkey's Audio file"),
)
#: Sizes in headers that say that the writer did not know it, as when it wrote to a pipe.
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF)
_V1_KBIT = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V2_KBIT = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_LAYER_3 = 1
#: What the first frame of an MP3 file has near its start where it says how many follow.
_NAMES_OF_LENGTH, _LENGTH_WITHIN = (b"Xing", b"Info", b"VBRI"), 48


def why_no_sound(path: Path) -> str | None:
    """Why a file is not opened at all, by its first bytes; None where they are those of a sound."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        return "is empty: it has 0 bytes; remove it or fetch it again"
    is_riff = head[:4] in _RIFF_FORMS and head[8:12] == b"WAVE"
    if is_riff or head.startswith(_KNOWN) or _mp3_frame(head[:4]) is not None:
        return None
    for place, magic, what in _OTHERS:
        if head[place:].startswith(magic):
            return f"is {what}, which is not read; turn it into FLAC, as ffmpeg does, or narrow source.pattern"
    return (
        "is no sound: it does not begin as a WAV, FLAC, OGG, MP3, AIFF, AU or CAF file, whatever its name says; remove "
        "it or narrow source.pattern"
    )


def seconds_cut_off(path: Path) -> float | None:
    """Seconds of a WAV file that its header promises and that the file is too short for; None where it is whole."""
    with path.open("rb") as stream:
        if stream.read(4) != b"RIFF":
            return None
        bytes_per_s, n_bytes = 0, path.stat().st_size
        stream.seek(12)
        while len(head := stream.read(8)) == 8:
            name, size = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"data":
                lost = size - (n_bytes - stream.tell())
                return lost / bytes_per_s if lost > 0 and size not in _UNKNOWN_SIZES and bytes_per_s else None
            if name == b"fmt " and size >= 16:
                form = stream.read(16)
                bytes_per_s = struct.unpack("<I", form[8:12])[0] if len(form) == 16 else 0
                stream.seek(size - 16, 1)
            else:
                stream.seek(size, 1)
            stream.seek(size % 2, 1)
    return None


def mp3_length(path: Path) -> tuple[float, bool]:
    """Seconds of an MP3 file by its frames, one after the other up to the first that is none, and whether it says so.

    Where it does not, decoders guess its length from its size.
    """
    seconds, says_so = 0.0, False
    with path.open("rb") as stream:
        _skip_tags(stream)
        while (frame := _mp3_frame(head := stream.read(4))) is not None:
            n_bytes, seconds_of_frame = frame
            if not seconds:
                body = stream.read(_LENGTH_WITHIN)
                says_so = any(name in body for name in _NAMES_OF_LENGTH)
                stream.seek(-len(body), 1)
            seconds += seconds_of_frame
            stream.seek(n_bytes - len(head), 1)
    return seconds, says_so


def _skip_tags(stream: BinaryIO) -> None:
    head = stream.read(10)
    size = 0
    if head.startswith(b"ID3") and len(head) == 10:
        size = 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    stream.seek(size)


def _mp3_frame(head: bytes) -> tuple[int, float] | None:
    """Bytes and seconds of the frame with these four bytes at its start; None where it is none of MPEG layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or (head[1] >> 1) & 3 != _LAYER_3:
        return None
    version, rate, bits = (head[1] >> 3) & 3, (head[2] >> 2) & 3, head[2] >> 4
    if version == 1 or rate == 3 or bits in (0, 15):
        return None
    rate_hz = _RATES_HZ[version][rate]
    n_samples, kbit = (1152, _V1_KBIT[bits]) if version == 3 else (576, _V2_KBIT[bits])
    return n_samples // 8 * kbit * 1000 // rate_hz + ((head[2] >> 1) & 1), n_samples / rate_hz
