"""Files of every kind of source, and damage of them, by a seed."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

#: The kinds of files, each with the kind of source that reads it.
KINDS = {
    **{"text": "folder", "front_matter": "front_matter", "jsonl": "jsonl", "json_array": "jsonl", "csv": "csv"},
    **{"tsv": "csv", "parquet": "parquet", "webdataset": "webdataset", "webdataset_images": "webdataset"},
    **{"jsonl.gz": "jsonl", "csv.bz2": "csv", "jsonl.xz": "jsonl", "csv.zst": "csv", "webdataset.gz": "webdataset"},
    **dict.fromkeys(("png", "jpeg", "tiff", "tiff_deep", "webp", "gif", "bmp", "ppm"), "folder"),
}
IMAGES = ("png", "jpeg", "tiff", "tiff_deep", "webp", "gif", "bmp", "ppm", "webdataset_images")
PACKED_BY = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda b: pa.compress(b, "zstd", asbytes=True),
}
#: Pieces that have meaning in one of the formats.
_PIECES = (
    *(b"[" * 300, b"{" * 300, b'"', b"\\", b"\r", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"---\n", b","),
    *(b"&a [*a]", b"*a", b"<<: *a", b"!!pairs ", b"!!int ", b"!!timestamp x", b"? ", b"- ", b": ", b"#", b"~", b"NaN"),
    *(b"9" * 400, b"1e999", b"0x" + b"f" * 300, b"59:" * 200, b"\\ud800", b"9999-12-31", b"\x7f" * 4, b"\x80" * 4),
)


def sound_file(kind: str, random: Random) -> bytes:
    """A small file of a kind."""
    name, _, packed = kind.partition(".")
    if packed:
        return PACKED_BY[packed](sound_file(name, random))
    if kind in IMAGES and kind in KINDS and KINDS[kind] == "folder":
        return _image(kind, random)
    texts = [f"text {number} {random.random()}" for number in range(random.randint(1, 6))]
    rows = [{"text": text, "id": number, "tags": ["a", {"b": None}]} for number, text in enumerate(texts)]
    if kind == "front_matter":
        return b"---\nbase: &a {x: 1, y: [2, 3]}\nmore: *a\n1: one\ntrue: two\nday: 2024-01-31\n---\nthe text"
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "json_array":
        return json.dumps(rows, indent=random.choice([None, 1])).encode()
    if kind == "text":
        return "\n".join(texts).encode(random.choice(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    if kind in ("csv", "tsv"):
        cut, end = "," if kind == "csv" else "\t", random.choice(["\n", "\r\n", "\r"])
        lines = [
            f"text{cut}label",
            *(line for text in texts for line in (f'"{text}{cut} ""x"""{cut}a', f"{text}{cut}b")),
        ]
        return "".join(line + end for line in lines).encode()
    stream = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table({"text": texts, "n": list(range(len(texts)))}), stream)
    else:
        ending = "txt" if kind == "webdataset" else random.choice(["png", "jpeg", "webp"])
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for number, text in enumerate(texts):
                sample = text.encode() if ending == "txt" else _image(ending, random)
                for name, member_content in ((ending, sample), ("json", b'{"a": 1}')):
                    member = tarfile.TarInfo(f"folder/{number}.{name}")
                    member.size = len(member_content)
                    archive.addfile(member, io.BytesIO(member_content))
    return stream.getvalue()


def _image(kind: str, random: Random) -> bytes:
    size, stream = (random.randint(1, 40), random.randint(1, 40)), io.BytesIO()
    if kind == "tiff_deep":
        Image.new(random.choice(["I;16", "I", "F"]), size, random.randint(0, 1000)).save(stream, "tiff")
    else:
        mode = "P" if kind == "gif" else random.choice(["L", "RGB"])
        Image.new(mode, size, random.randint(0, 255)).save(stream, kind)
    return stream.getvalue()


def damaged(content: bytes, random: Random) -> bytes:
    """The file with some bytes changed, lost, repeated or put in."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(changed) + 1)
        match random.randrange(5):
            case 0 if place < len(changed):
                changed[place] ^= 1 << random.randrange(8)
            case 1:
                del changed[place : place + random.choice([1, 4, 50, 10_000])]
            case 2:
                changed[place:place] = random.choice(_PIECES)
            case 3:
                changed[place:place] = changed[random.randrange(len(changed) + 1) :][:200]
            case _:
                changed[place : place + 4] = random.randbytes(4)
    return bytes(changed)
