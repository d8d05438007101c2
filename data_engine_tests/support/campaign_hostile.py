"""Hostile files of the break campaign: bombs, depth, links, pipes and names, each among sound files of its kind.

What becomes of them is judged in `benchmarks/break_campaign.py`; files that are only damaged are in `damaged_files.py`.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from image_files import chunk
from PIL import Image

#: In no text of any table: it stands outside of every source.
OUTSIDE = "the words outside of the source"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
Write = Callable[[Path, Random], object]


def _file(name: str, content: Callable[[Random], bytes | str]) -> Write:
    def write(folder: Path, random: Random) -> None:
        made = content(random)
        (folder / name).write_bytes(made if isinstance(made, bytes) else made.encode())

    return write


def _header(yaml: Callable[[Random], str]) -> Write:
    return _file("hostile.md", lambda random: f"---\n{yaml(random)}\n---\nthe text of a file with a header")


def _nested(random: Random, opening: str, closing: str) -> str:
    depth = random.choice([60, 900, 1200, 20_000, 100_000])
    return opening * depth + (closing * depth if random.random() < 0.5 else "")


def _aliases(random: Random, form: str) -> str:
    n, levels = random.randint(4, 12), random.randint(6, 12)
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, levels):
        before = f"a{level - 1}"
        items = ", ".join([f"*{before}"] * n)
        value = {
            "list": f"[{items}]",
            "merge": f"{{<<: [{items}], x{level}: 1}}",
            "pairs": "!!pairs [" + ", ".join(f"k{i}: *{before}" for i in range(n)) + "]",
            "set": "!!set {" + ", ".join(f"? [*{before}, {i}]" for i in range(n)) + "}",
        }[form]
        lines.append(f"a{level}: &a{level} {value}")
    return "\n".join(lines)


def _png(width: int, height: int, *, lines: bytes = b"", chunks: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(lines, 9))
    return _SIGNATURE + chunk(b"IHDR", head) + chunks + body + chunk(b"IEND", b"")


def _text_bomb(random: Random) -> bytes:
    text = chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(random.choice([50, 400]) << 20), 9))
    return _png(4, 4, lines=bytes(4 * 13), chunks=text)


def _profile_bomb(random: Random) -> bytes:
    profile = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(random.choice([50, 400]) << 20), 9))
    return _png(4, 4, lines=bytes(4 * 13), chunks=profile)


def _frames(random: Random) -> bytes:
    stream = io.BytesIO()
    frames = [Image.new("P", (40, 40), i % 250) for i in range(random.choice([50, 400]))]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def _large_image(random: Random) -> bytes:
    side = random.choice([6900, 7300])
    return _png(side, side, lines=bytes(side * (3 * side + 1)))


def _svg(_: Random) -> str:
    return '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><text>&a;</text></svg>'


def _tar(members: Callable[[Random], list[tuple[tarfile.TarInfo, bytes]]]) -> Callable[[Random], bytes]:
    def content(random: Random) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for member, data in members(random):
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return stream.getvalue()

    return content


def _strange_members(random: Random) -> list[tuple[tarfile.TarInfo, bytes]]:
    found: list[tuple[tarfile.TarInfo, bytes]] = []
    for name, kind, target in (
        ("../../../tmp/evil.txt", tarfile.REGTYPE, ""),
        ("/etc/evil.txt", tarfile.REGTYPE, ""),
        ("link.txt", tarfile.SYMTYPE, "/etc/passwd"),
        ("hard.txt", tarfile.LNKTYPE, "../../outside.txt"),
        ("pipe.txt", tarfile.FIFOTYPE, ""),
        ("device.txt", tarfile.CHRTYPE, ""),
        ("n" * 3000 + ".txt", tarfile.REGTYPE, ""),
        ("new\nline\x1b[2J.txt", tarfile.REGTYPE, ""),
    ):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        found.append((member, b"member with a name" if kind == tarfile.REGTYPE else b""))
    random.shuffle(found)
    return found


def _false_size(random: Random) -> bytes:
    content = bytearray(_tar(lambda _: [(tarfile.TarInfo("a.txt"), b"a few words of a member")])(random))
    content[124:136] = random.choice([b"77777777777\0", b"\x80" + b"\xff" * 11, b"-0000000001\0", b"abcdefghijk\0"])
    content[148:156] = f"{sum(content[:148]) + sum(content[156:512]) + 8 * 32:06o}\0 ".encode()
    return bytes(content)


def _packed(random: Random) -> tuple[str, bytes]:
    ending, pack = random.choice([(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
    return ending, pack(b'{"id": "bomb", "text": "' + b"word " * (random.choice([5, 60]) << 20) + b'"}\n')


def _packed_bomb(folder: Path, random: Random) -> None:
    ending, content = _packed(random)
    (folder / f"hostile.jsonl{ending}").write_bytes(content)


def _link(target: Callable[[Path], str]) -> Write:
    return lambda folder, _: (folder / "hostile.txt").symlink_to(target(folder))


def _pipe(folder: Path, _: Random) -> None:
    os.mkfifo(folder / "hostile.txt")


def _names(folder: Path, random: Random) -> None:
    names = [
        "hostile [/b] [link=x].txt",
        "hostile '; drop table raw_index; --.txt",
        "hostile %s {0} ${HOME}.txt",
        "hostile \x1b[2J\x07.txt",
        "hostile\nnew line.txt",
        "hostile <b>&amp;\u202e.txt",
        "hostile " + "n" * 240 + ".txt",
        "hostile #fragment?query=1.txt",
    ]
    for name in random.sample(names, 4):
        (folder / name).write_text("words of a file with a strange name " + str(random.random()), "utf-8")
    with open(os.fsencode(folder) + b"/hostile \xff\xfe.txt", "wb") as file:  # noqa: PTH123 - no text is its name
        file.write(b"words of a file whose name is no text")


def _json_line(value: Callable[[Random], str]) -> Write:
    return _file("hostile.jsonl", lambda random: f'{{"id": "h", "text": "words of a row", "more": {value(random)}}}\n')


#: By name: the kind of source and what writes the hostile files into it.
CASES: dict[str, tuple[str, Write]] = {
    "YAML list depth": ("front_matter", _header(lambda random: f"a: {_nested(random, '[', ']')}")),
    "YAML map depth": ("front_matter", _header(lambda random: f"a: {_nested(random, '{a: ', '}')}")),
    "YAML question marks": ("front_matter", _header(lambda random: "? " * random.choice([900, 50_000]) + "a")),
    **{
        f"YAML aliases, {form}": ("front_matter", _header(lambda random, form=form: _aliases(random, form)))
        for form in ("list", "merge", "pairs", "set")
    },
    "YAML long alias": (
        "front_matter",
        _header(lambda _: f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 90_000)}]"),
    ),
    "YAML cycle": ("front_matter", _header(lambda _: "a: &a [1, *a]\nb: &b {c: *b}")),
    "YAML numbers": (
        "front_matter",
        _header(lambda random: random.choice(["a: " + "59:" * 5000 + "1", "a: " + "9" * 9000, "a: 0x" + "f" * 9000])),
    ),
    "YAML tags": ("front_matter", _header(lambda _: "a: !!python/object/apply:os.system ['touch /tmp/evil']")),
    "YAML keys": ("front_matter", _header(lambda _: "1: a\ntrue: b\n'1': c\n? [x, y]\n: d\nnull: e")),
    "JSON depth": ("jsonl", _json_line(lambda random: _nested(random, "[", "]"))),
    "JSON object depth": ("jsonl", _json_line(lambda random: _nested(random, '{"a":', "}") or "1")),
    "JSON number": ("jsonl", _json_line(lambda random: random.choice(["9" * 5000, "1e999999", "-0.0", "NaN"]))),
    "JSON keys": (
        "jsonl",
        _json_line(lambda random: json.dumps({f"key {i}": i for i in range(random.choice([1000, 60_000]))})),
    ),
    "JSON columns": (
        "jsonl",
        _file(
            "hostile.jsonl",
            lambda random: json.dumps({"id": "h", "text": "words"} | {f"column {i}": i for i in range(5000)}) + "\n",
        ),
    ),
    "JSON surrogates": ("jsonl", _json_line(lambda _: '"\\ud800 \\udfff"')),
    "JSON long line": (
        "jsonl",
        _file("hostile.jsonl", lambda random: b'{"id": "h", "text": "' + b"word " * (8 << 20) + b'"}\n'),
    ),
    "packed bomb": ("jsonl", _packed_bomb),
    "CSV quote without end": ("csv", _file("hostile.csv", lambda _: 'id,text\nh,"' + "word\n" * 300_000)),
    "CSV columns": (
        "csv",
        _file("hostile.csv", lambda _: ",".join(f"c{i}" for i in range(20_000)) + "\n" + "1," * 20_000),
    ),
    "image of 10^10 pixels": ("images", _file("hostile.png", lambda _: _png(100_000, 100_000, lines=bytes(1000)))),
    "image of 50 million pixels": ("images", _file("hostile.png", _large_image)),
    "image with a text bomb": ("images", _file("hostile.png", _text_bomb)),
    "image with a profile bomb": ("images", _file("hostile.png", _profile_bomb)),
    "image of many frames": ("images", _file("hostile.gif", _frames)),
    "image that is SVG": ("images", _file("hostile.png", _svg)),
    "image that is random": ("images", _file("hostile.jpg", lambda random: b"\xff\xd8\xff" + random.randbytes(5000))),
    "tar with strange members": ("webdataset", _file("hostile.tar", _tar(_strange_members))),
    "tar with a false size": ("webdataset", _file("hostile.tar", _false_size)),
    "tar of 30,000 empty members": (
        "webdataset",
        _file("hostile.tar", _tar(lambda _: [(tarfile.TarInfo(f"{i}.txt"), b"") for i in range(30_000)])),
    ),
    "Parquet that is none": (
        "parquet",
        _file("hostile.parquet", lambda random: b"PAR1" + random.randbytes(500) + b"PAR1"),
    ),
    "link out of the source": ("folder", _link(lambda folder: str(folder.parent / "outside.txt"))),
    "linked folder out of the source": ("folder", lambda folder, _: (folder / "hostile").symlink_to(folder.parent)),
    "link to itself": ("folder", _link(lambda folder: str(folder / "hostile.txt"))),
    "link to nothing": ("folder", _link(lambda _: "/nowhere/at/all")),
    "link to a device": ("folder", _link(lambda _: "/dev/zero")),
    "pipe": ("folder", _pipe),
    "names": ("folder", _names),
}


def write_sound(kind: str, folder: Path) -> int:
    """Sound files of a kind. Returns: how many samples they hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [
        f"sound text {number} of {['bread', 'boat', 'soil', 'rails'][number % 4]} and more words" for number in range(8)
    ]
    rows = [{"id": f"s{number}", "text": text} for number, text in enumerate(texts)]
    match kind:
        case "jsonl":
            (folder / "sound.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        case "csv":
            lines = [f"{row['id']},{row['text']}\n" for row in rows]
            (folder / "sound.csv").write_text("id,text\n" + "".join(lines), "utf-8")
        case "parquet":
            pq.write_table(pa.Table.from_pylist(rows), folder / "sound.parquet")
        case "webdataset":
            members = _tar(lambda _: [(tarfile.TarInfo(f"{r['id']}.txt"), r["text"].encode()) for r in rows])
            (folder / "sound.tar").write_bytes(members(Random(0)))
        case "images":
            for number in range(8):
                pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"sound{number}.png")
        case _:
            ending = "md" if kind == "front_matter" else "txt"
            for number, text in enumerate(texts):
                (folder / f"sound{number}.{ending}").write_text(f"---\nn: {number}\n---\n{text}", "utf-8")
    return len(rows)


def attributes_of(kind: str) -> dict[str, object]:
    """The YAML of the corpus `hostile` over such files."""
    is_image = kind == "images"
    source: dict[str, object] = {"kind": "folder" if is_image else kind, "path": "source"}
    return {
        "name": "hostile",
        "seed": 1,
        **({"modality": "image", "encoder": "color-histogram"} if is_image else {"encoder": "hashed-ngrams"}),
        "source": source,
        "tree": {"n_clusters": [3]},
        "subset": {"target_size": 4},
        "labels": {"question": "What is it?", "classes": ["this", "that"]},
    }
