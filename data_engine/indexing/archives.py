"""Sources of kind webdataset: tar archives in which files of one name and several endings make a sample.

No member ever becomes a file of its own, links are not followed, and what an archive may unpack to is bounded. Other
kinds of source are listed in `registry.py`.

Source of the format: the WebDataset convention, https://github.com/webdataset/webdataset.
"""

import contextlib
import mmap
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BufferedReader
from typing import TYPE_CHECKING, Any

from data_engine.indexing.files import broken_off, is_wanted, media_sample, not_opened, text_sample
from data_engine.indexing.opening.patience import USUAL_PATIENCE, Patience
from data_engine.indexing.opening.unpacking import refuse_unknown_packing
from data_engine.indexing.samples import RawSample, form_of, parse_json
from data_engine.indexing.source_files import Find, ReadOptions, SourceFile, is_packed, open_file
from data_engine.indexing.text_decoding import decode
from data_engine.indexing.uris import part_uri, path_of, splits_of, storable
from data_engine.modalities import Modality, find_modality

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath

KEY_COLUMN = "__key__"
_MAX_COLUMN_BYTES = 64 << 10
_EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True)
class Member:
    """A file of an archive."""

    key: str
    """Its name up to the first dot after the last slash."""
    ending: str
    n_bytes: int
    offset: int
    """Byte at which its content begins in the unpacked archive."""
    content: bytes | None
    """None when it was not read."""
    error: str | None = None


def read_archive(file: SourceFile, source: ReadOptions, *, modality: str) -> Iterator[RawSample]:
    """The samples of a tar archive.

    A text is the member `.txt`, else the member whose ending `text_column` names, else that column of `.json`. Bytes
    are those of the member with an ending of the modality. The columns of `.json` and every other small text member
    become metadata; `id_column: __key__` takes the common name as the source's id. An archive that breaks off gives
    one unreadable sample more, which says after which sample.
    """
    to_sample, of = form_of(modality).of_members, find_modality(modality)
    last, seen = "its start", set[str]()
    try:
        with open_file(file.path, source.patience) as stream:
            refuse_unknown_packing(stream)
            for key, found in _samples_of(_members(stream, source.max_sample_bytes)):
                last = f"sample {key}"
                if key in seen:
                    place = _place(file, f"{key}@{found[0].offset}", found)
                    yield not_opened(place, "an earlier sample of the archive has the same name; rename one of them")
                    continue
                seen.add(key)
                members, repeated = _told_apart(found)
                for member in repeated:
                    why = f"{_name(member)} is an earlier member's name too; rename one of them"
                    yield not_opened(_place(file, f"{key}@{member.offset}", [member]), why)
                sample = to_sample(_place(file, key, members), key, members, source, of)
                if sample is not None:
                    yield sample
            if not seen:
                yield not_opened(file, "the archive holds no file; remove it or pack it again")
    except (tarfile.TarError, OSError) as error:
        yield broken_off(file, last, error)


def _place(file: SourceFile, part: str, members: list["Member"]) -> SourceFile:
    return replace(file, uri=part_uri(file.uri, part), n_bytes=sum(member.n_bytes for member in members))


def _name(member: "Member") -> str:
    return f"{member.key}.{member.ending}" if member.ending else member.key


def _told_apart(members: list["Member"]) -> tuple[list["Member"], list["Member"]]:
    """The first member of every name, and those that repeat the name of one before."""
    first: dict[str, Member] = {}
    repeated = [member for member in members if first.setdefault(member.ending, member) is not member]
    return list(first.values()), repeated


def media_finder(
    path: "Path | UPath", endings: Collection[str], patience: Patience = USUAL_PATIENCE
) -> Callable[[str], bytes]:
    """Reads the members with these endings of one archive again, each by the key of its sample, in any order.

    A packed archive is unpacked once, into a file without a name that vanishes with the finder.

    Raises: KeyError by the finder when the archive holds no such member; OSError when it cannot be read.
    """
    whole = _unpacked(path, patience) if is_packed(path, patience) else None
    found: dict[str, Member | None] = {}
    broken: OSError | None = None
    try:
        with open_file(path, patience) if whole is None else contextlib.nullcontext(whole) as stream:
            for key, members in _samples_of(_members(stream, max_bytes=-1)):
                # Of two samples with one name the first is the one that was indexed.
                found.setdefault(storable(key), member_among(members, endings))
    except (tarfile.TarError, OSError) as error:
        # What comes before the break can still be read.
        broken = OSError(f"the archive breaks off: {error}")

    def find(key: str) -> bytes:
        member = found.get(key)
        if member is None:
            raise broken or KeyError(key)
        if whole is not None:
            return whole[member.offset : member.offset + member.n_bytes]
        with open_file(path, patience) as stream:
            stream.seek(member.offset)
            return stream.read(member.n_bytes)

    return find


def find_in_archives(folder: "Path | UPath", options: ReadOptions, modality: str) -> Find:
    """Reads a sample's bytes of the archives of a folder again, by its uri `archive.tar#key`."""
    endings = find_modality(modality).endings
    finder_of = lru_cache(maxsize=4)(lambda archive: media_finder(path_of(folder, archive), endings, options.patience))

    def find(uri: str, _metadata: str) -> bytes:
        first: OSError | None = None
        for archive, key in splits_of(uri):
            try:
                return finder_of(archive)(key)
            except (FileNotFoundError, NotADirectoryError) as error:
                first = first or error
        raise first or KeyError(uri)

    return find


def _unpacked(path: "Path | UPath", patience: Patience) -> mmap.mmap:
    """The unpacked bytes of a file, up to where it breaks off, in a file without a name."""
    with tempfile.TemporaryFile() as plain:
        with open_file(path, patience) as stream, contextlib.suppress(OSError):
            shutil.copyfileobj(stream, plain)
        plain.flush()
        return mmap.mmap(plain.fileno(), 0, access=mmap.ACCESS_READ)


class _Header(tarfile.TarInfo):
    """A header that cannot be read in the midst of an archive is an error, and not its quiet end.

    Zeros end an archive, and another one may follow that was joined to it.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            kind = type(error).__name__
            if kind == "EOFHeaderError":
                archive.n_ends = getattr(archive, "n_ends", 0) + 1  # type: ignore[attr-defined]
                raise
            if kind == "EmptyHeaderError" and hasattr(archive, "n_ends"):
                raise
            raise OSError(f"{error} at byte {archive.offset:,}") from error

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTENDED and header.size > _MAX_COLUMN_BYTES:
            raise OSError(
                f"an extended header of {header.size:,} bytes, of which at most {_MAX_COLUMN_BYTES:,} are read"
            )
        return header


def _members(stream: "BufferedReader | mmap.mmap", max_bytes: int) -> Iterator[Member]:
    """The regular files of an archive, in order; contents of more than `max_bytes` are passed over unread."""
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, ignore_zeros=True) as archive:
        for header in archive:
            if header.isdir() or _is_hidden(header.name):
                continue
            folder, slash, name = header.name.rpartition("/")
            stem, _, ending = name.partition(".")
            key = f"{folder}{slash}{stem}"
            error = _why_not(header, max_bytes)
            content = None
            if error is None and header.size <= max_bytes:
                content = (archive.extractfile(header) or stream).read(header.size)
                if len(content) < header.size:
                    raise OSError(f"{header.name} ends after {len(content):,} of {header.size:,} bytes")
            yield Member(key, ending.lower(), header.size, header.offset_data, content, error)


def _why_not(header: tarfile.TarInfo, max_bytes: int) -> str | None:
    if not header.isreg():
        return f"{header.name} is a link or a device, and archives are read without following any"
    if header.name.startswith("/") or ".." in header.name.split("/"):
        return f"{header.name} leads out of the archive; pack it with plain relative names"
    if 0 <= max_bytes < header.size:
        return f"{header.name} has {header.size} bytes, max_sample_bytes is {max_bytes}; raise max_sample_bytes"
    return None


def _is_hidden(name: str) -> bool:
    return name.rpartition("/")[2].startswith(".")


def _samples_of(members: Iterable[Member]) -> Iterator[tuple[str, list[Member]]]:
    """Neighbouring members with one key."""
    group: list[Member] = []
    try:
        for member in members:
            if group and member.key != group[0].key:
                yield group[0].key, group
                group = []
            group.append(member)
    except (tarfile.TarError, OSError):
        # What was read before the archive broke off is not lost with the rest.
        if group:
            yield group[0].key, group
        raise
    if group:
        yield group[0].key, group


def member_among(members: Iterable[Member], endings: Collection[str]) -> Member | None:
    """The first member with one of these endings."""
    return next((member for member in members if member.ending in endings), None)


def media_of_members(
    place: SourceFile, key: str, members: list[Member], source: ReadOptions, of: Modality
) -> RawSample | None:
    """The bytes of the member with an ending of the modality, the others as columns."""
    found = member_among(members, of.endings)
    columns = _columns(members, found, source)
    if isinstance(columns, str) or not is_wanted(columns, source):
        return not_opened(place, columns) if isinstance(columns, str) else None
    if found is None or found.content is None:
        return not_opened(place, _missing(members, found, of.one))
    sample = media_sample(replace(place, n_bytes=found.n_bytes), found.content)
    return _with_columns(sample, key, columns, source)


def text_of_members(
    place: SourceFile,
    key: str,
    members: list[Member],
    source: ReadOptions,
    of: Modality,  # noqa: ARG001
) -> RawSample | None:
    """The text among the members, the others as columns."""
    endings = {member.ending: member for member in reversed(members)}
    found = endings.get("txt") or endings.get(source.text_column)
    columns = _columns(members, found, source)
    if isinstance(columns, str) or not is_wanted(columns, source):
        return not_opened(place, columns) if isinstance(columns, str) else None
    text = columns.pop(source.text_column, None) if found is None else None
    content = text.encode() if isinstance(text, str) else found.content if found is not None else None
    if content is None:
        return not_opened(place, _missing(members, found, f"a text (.txt, .{source.text_column}, or in .json)"))
    return _with_columns(text_sample(replace(place, n_bytes=len(content)), content), key, columns, source)


def _columns(members: Iterable[Member], found: Member | None, source: ReadOptions) -> dict[str, Any] | str:
    """The columns that the other members give a sample, or why it cannot be read.

    A broken .json loses the sample only where something is needed of it: the content, the id, or whether it is wanted.
    """
    is_needed = found is None or bool(source.keep_where_any) or source.id_column not in (None, KEY_COLUMN)
    columns: dict[str, Any] = {}
    for member in members:
        if member is found:
            continue
        if member.content is None or len(member.content) > _MAX_COLUMN_BYTES:
            columns[member.ending] = f"<{member.n_bytes} bytes>"
            continue
        text = decode(member.content).text
        if member.ending != "json":
            columns[member.ending] = f"<{member.n_bytes} bytes>" if text is None else text.strip()
            continue
        try:
            parsed = parse_json(text or "")
        except (ValueError, RecursionError) as error:
            if is_needed:
                return f"its member .json is not JSON: {error}"
            columns["json"] = f"<not JSON: {error}>"
            continue
        columns.update(parsed if isinstance(parsed, dict) else {"json": parsed})
    return columns


def _missing(members: Iterable[Member], found: Member | None, what: str) -> str:
    if found is not None and found.error is not None:
        return found.error
    errors = [member.error for member in members if member.error]
    endings = ", ".join(f".{member.ending}" for member in members)
    is_dotted = any("." in member.ending for member in members)
    cut = "; names are cut at their first dot, so give dotted ones another sign" if is_dotted else ""
    return errors[0] if errors else f"none of its members ({endings}) is {what}{cut}"


def _with_columns(sample: RawSample, key: str, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    source_id = key if source.id_column == KEY_COLUMN else columns.pop(source.id_column or "", None)
    return replace(
        sample,
        source_id=None if source_id in (None, "") else str(source_id),
        metadata={**sample.metadata, **columns},
    )
