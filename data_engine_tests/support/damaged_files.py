"""Files of every kind of source, and damage of them, by a seed."""

import io
import json
import tarfile
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

KINDS = ("front_matter", "jsonl", "json_array", "csv", "webdataset", "parquet", "png", "jpeg", "tiff")
#: Pieces that have meaning in one of the formats.
_PIECES = (
    *(b"[" * 300, b"{" * 300, b'"', b"\\", b"\r", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"---\n", b","),
    *(b"&a [*a]", b"*a", b"<<: *a", b"!!pairs ", b"!!int ", b"!!timestamp x", b"? ", b"- ", b": ", b"#", b"~", b"NaN"),
    *(b"9" * 400, b"1e999", b"0x" + b"f" * 300, b"59:" * 200, b"\\ud800", b"9999-12-31", b"\x7f" * 4, b"\x80" * 4),
)


def sound_file(kind: str, random: Random) -> bytes:
    """A small file of a kind."""
    texts = [f"text {number} {random.random()}" for number in range(random.randint(1, 6))]
    rows = [{"text": text, "id": number, "tags": ["a", {"b": None}]} for number, text in enumerate(texts)]
    if kind == "front_matter":
        return b"---\nbase: &a {x: 1, y: [2, 3]}\nmore: *a\n1: one\ntrue: two\nday: 2024-01-31\n---\nthe text"
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "json_array":
        return json.dumps(rows, indent=random.choice([None, 1])).encode()
    if kind == "csv":
        return ("text,label\n" + "".join(f'"{text}, ""x""\nsecond line",a\n{text},b\n' for text in texts)).encode()
    stream = io.BytesIO()
    if kind == "webdataset":
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for number, text in enumerate(texts):
                for ending, content in (("txt", text.encode()), ("json", b'{"a": 1}')):
                    member = tarfile.TarInfo(f"folder/{number}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    elif kind == "parquet":
        pq.write_table(pa.table({"text": texts, "n": list(range(len(texts)))}), stream)
    else:
        size = random.randint(1, 40), random.randint(1, 40)
        Image.new(random.choice(["L", "RGB"]), size, random.randint(0, 255)).save(stream, kind)
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
