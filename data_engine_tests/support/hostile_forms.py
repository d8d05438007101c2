"""Sound inputs in odd forms, by a seed, whose right result is known: nothing of them may be lost or changed.

Damaged inputs are in `hostile_inputs.py`, which lists these kinds with its own.
"""

import csv
import io
import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from damaged_files import PACKED_BY
from PIL import Image

from data_engine.errors import SourceEmpty
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.registry import KINDS
from data_engine.indexing.samples import normalise
from data_engine.indexing.source import Batches, Source

READ, REASON = "read", "rows with a reason"
_TEXTS = (
    *(
        "plain",
        "two words",
        "a, b",
        "a;b",
        "a\tb",
        "a|b",
        '"',
        '"quoted" word',
        'said "no"',
        "'",
        "\\",
        '\\"',
        "#",
        "%",
    ),
    *("line\none", "dos\r\nline", "mac\rline", "\n", "", " ", "nan", "null", "None", "0", "-0.0", "1e5", "true", "[x]"),
    *(
        "caf\u00e9",
        "cafe\u0301",
        "\u202eabc",
        "\ufeff",
        "\u2028",
        "\u0085",
        "\U0001f469\u200d\U0001f52c",
        "\x1b[2J",
        "=1+1",
    ),
)


def _text(random: Random) -> str:
    return "".join(random.choice(_TEXTS) for _ in range(random.randint(1, 4)))


def _rows_of(kind: str, folder: Path, modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    source = Source(kind=kind, path=str(folder), max_sample_s=20, **settings)
    rows: list[dict[str, Any]] = []
    for batch, files in list_batches(source, Batches(by="file"), folder).items():
        rows += read_batch(source, list(files), batch=batch, modality=modality).to_pylist()
    return rows


def try_rows(folder: Path, random: Random) -> str:
    """Rows as a writer of their format writes them. Raises: AssertionError where one is lost or changed."""
    texts = [f"{number} {_text(random)}" for number in range(random.randint(1, 30))]
    # Where a text begins with its number, a row over several lines never looks like several rows.
    rows = [{"text": text, "label": random.choice("ab"), "id": number} for number, text in enumerate(texts)]
    kind = random.choice(["csv", "jsonl", "json_array", "parquet"])
    if kind == "csv":
        stream = io.StringIO()
        end, quoting = random.choice(["\n", "\r\n"]), random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        columns = random.sample(["text", "label", "id"], 3)
        writer = csv.DictWriter(stream, columns, delimiter=random.choice(",;\t|"), lineterminator=end, quoting=quoting)
        writer.writeheader()
        writer.writerows(rows)
        content = stream.getvalue().encode(random.choice(["utf-8", "utf-8-sig"]))
    elif kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink, compression=random.choice(["none", "zstd", "snappy"]))
        content = sink.getvalue()
    else:
        is_ascii = random.random() < 0.5
        lines = [json.dumps(row, ensure_ascii=is_ascii) for row in rows]
        is_array = kind == "json_array"
        said = random.choice([",", " ,\n"] if is_array else ["\n", "\r\n"]).join(lines)
        content = (f"[{said}]" if is_array else said).encode(random.choice(["utf-8", "utf-8-sig", "utf-16"]))
    if kind != "parquet" and random.random() < 0.3:
        content = PACKED_BY[random.choice(list(PACKED_BY))](content)
    path = folder / "file"
    path.write_bytes(content)
    found = _rows_of({"json_array": "jsonl"}.get(kind, kind), folder, id_column="id")
    path.unlink()
    doubted = [row["error"] for row in found if row["error"]]
    if doubted:
        # Python's writer leaves a lone carriage return without quotes, which may be the end of a line.
        known = ("that are whole rows", "a carriage return outside quotes")
        assert len(doubted) == 1 and kind == "csv" and any(why in doubted[0] for why in known), (doubted, content)
        return REASON
    by_id = {row["source_id"]: row for row in found}
    assert len(found) == len(rows) == len(by_id), content
    for row in rows:
        assert by_id[str(row["id"])]["text"] == normalise(str(row["text"])), (row, content)
        assert json.loads(by_id[str(row["id"])]["metadata"])["label"] == row["label"], content
    return READ


def try_archive(folder: Path, random: Random) -> str:
    """An archive of odd members. Raises: AssertionError where a text of it is neither read nor named."""
    stream, texts = io.BytesIO(), {}
    forms = {tarfile.GNU_FORMAT: "utf-8", tarfile.PAX_FORMAT: "utf-8", tarfile.USTAR_FORMAT: "latin-1"}
    for part in range(random.randint(1, 2)):
        form = random.choice(list(forms))
        with tarfile.open(fileobj=stream, mode="w", format=form, encoding=forms[form]) as archive:
            for number in range(random.randint(1, 8)):
                stem = random.choice(
                    [f"n{number}", f"a/b#{number}", "same", f"d.{number}", f"caf\u00e9{number}", f"x{number}" * 30]
                )
                member = tarfile.TarInfo(random.choice(["", "./", "deep/er/"]) + f"{stem}.txt")
                kind = random.randrange(8)
                if kind == 0:
                    member.type, member.linkname = random.choice([tarfile.SYMTYPE, tarfile.LNKTYPE]), "n0.txt"
                elif kind == 1:
                    member.type = random.choice([tarfile.DIRTYPE, tarfile.FIFOTYPE])
                content = f"text {part} {number} of the archive".encode()
                member.size = len(content) if member.isreg() else 0
                with suppress(ValueError):
                    archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
                    if member.isreg():
                        texts[content.decode()] = member.name.rpartition("/")[2].partition(".")[2]
    content = stream.getvalue()
    path = folder / "file"
    path.write_bytes(random.choice([bytes, PACKED_BY["gz"]])(content))
    rows = _rows_of("webdataset", folder)
    path.unlink()
    said = " ".join(f"{row['text']} {row['error']} {row['metadata']}" for row in rows)
    n_errors = sum(row["error"] is not None for row in rows)
    # A name is cut at its first dot, so that a dotted one is a member of its own ending, which the reason names.
    lost = [text for text, ending in texts.items() if text not in said and not ("." in ending and f".{ending}" in said)]
    assert len(lost) <= n_errors, (lost, [(row["uri"], row["error"]) for row in rows])
    return REASON if n_errors else READ


def try_names(folder: Path, random: Random) -> str:
    """Files and folders of odd names. Raises: AssertionError where one is lost."""
    place = folder / f"tree{random.randrange(10**9)}"
    place.mkdir()
    written: set[bytes] = set()
    for number in range(random.randint(1, 8)):
        path = place.joinpath(*(_name(random) for _ in range(random.randint(1, 3))))
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            match random.randrange(8):
                case 0:
                    os.mkfifo(path)
                case 1:
                    path.symlink_to(random.choice([".", "..", "nowhere", path.name]))
                case _:
                    content = f"content {number} {random.random()}".encode()
                    with path.open("xb") as file:
                        file.write(content)
                    written.add(content)
    source = Source(kind="folder", path=str(place))
    try:
        batches = list_batches(source, Batches(by=random.choice(["file", "folder", "hash"])), place)
    except SourceEmpty:
        assert not written
        return REASON
    assert all(0 < len(key) <= 200 and key.isascii() and "/" not in key and ".." not in key for key in batches), batches
    find = KINDS["folder"].find(place, source, "text")
    found = []
    for batch, files in batches.items():
        for row in read_batch(source, list(files), batch=batch, modality="text").to_pylist():
            row["uri"].encode()
            if row["error"] is None:
                found.append(find(row["uri"], row["metadata"]))
    assert sorted(found) == sorted(written), (batches.keys(), len(found), len(written))
    return READ


def _name(random: Random) -> str:
    pieces = (
        b"a",
        b"B",
        b".",
        b" ",
        b"\n",
        b"\t",
        b"\xff",
        b"\xc3\xa9",
        b"e\xcc\x81",
        b"#",
        b"%41",
        b"'",
        b'"',
        b"\\",
        b"\\x41",
    )
    more = (
        b"*",
        b"?",
        b"[",
        b"]",
        b":",
        b"|",
        b"$HOME",
        b"~x",
        b"-",
        b"\xe2\x80\xae",
        b"x" * 60,
        b"top",
        b"con",
        b"=",
        b"{}",
    )
    # Hidden and unfinished files are ignored by rule.
    return "n" + os.fsdecode(b"".join(random.choice(pieces + more) for _ in range(random.randint(1, 4)))) + "e"


def try_image(folder: Path, random: Random) -> str:
    """An image of any mode with two halves. Raises: AssertionError where it is not read, or seen as one colour."""
    mode = random.choice(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
    image = _halves(mode, random)
    path = folder / "file"
    form = random.choice(["png", "tiff", "webp", "gif", "jpeg", "bmp", "ppm", "jpeg2000", "tga"])
    if mode in ("I;16", "I", "F"):
        # Pillow cuts their values off where a format does not hold them.
        form = "tiff" if mode == "F" else random.choice(["png", "tiff"])
    try:
        image.save(path, form)
    except (OSError, ValueError, KeyError):
        return REASON
    (row,) = _rows_of("folder", folder, "image")
    path.unlink()
    if form == "tga":
        return REASON if row["error"] else READ
    assert row["error"] is None, (mode, form, row["error"])
    assert (row["width_px"], row["height_px"]) == image.size, (mode, form)
    low, high = Image.open(io.BytesIO(row["thumbnail"])).convert("L").getextrema()
    # What the rule about images of one shade takes for one differs by at most 4.
    assert high - low > 8, (mode, form, low, high)
    return READ


def _halves(mode: str, random: Random) -> Image.Image:
    """A dark and a bright half; of deep modes within any range, of transparent ones with a clear border."""
    size, is_swapped = (random.randint(20, 60), random.randint(20, 60)), random.random() < 0.5
    grey = Image.new("L", size, 220 if is_swapped else 30)
    grey.paste(30 if is_swapped else 220, (0, 0, size[0] // 2, size[1]))
    if mode in ("I;16", "I", "F"):
        low = random.choice([0, 100, 4000]) - (5000 if mode != "I;16" and random.random() < 0.5 else 0)
        factor = random.choice([1, 4, 16]) if mode != "F" else random.choice([0.001, 1.0, 16.0])
        wide = Image.new("I" if mode == "I;16" else mode, size)
        values = [value * factor + low for value in grey.tobytes()]
        wide.putdata(values if mode == "F" else [int(value) for value in values])
        return wide.convert("I;16") if mode == "I;16" else wide
    if mode in ("LA", "RGBA"):
        image = Image.merge(mode, [grey] * (len(mode) - 1) + [Image.new("L", size, 255)])
        image.putpixel((0, 0), (0,) * len(mode))
        return image
    return grey.convert("RGB").convert(mode) if mode in ("P", "CMYK", "YCbCr") else grey.convert(mode)


#: What is tried, by kind.
FORMS = {
    **{"rows of any standard writer": try_rows, "archive of odd members": try_archive},
    **{"names of files and folders": try_names, "image of any mode": try_image},
}
