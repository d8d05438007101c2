"""read_documents: each document of a file, or each of its pages, as a sample of text.

The libraries that parse them trust what a file says of itself, so they run in a process of their own.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from data_engine.indexing.documents.formats import is_web_archive, read_parts
from data_engine.indexing.documents.parts import Line, Page, Part, text_of, too_large
from data_engine.indexing.documents.running_lines import without_running_lines
from data_engine.indexing.files import broken_off, not_opened
from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.opening.patience import failed_on_the_way
from data_engine.indexing.samples import RawSample, normalise, sample_id_of_bytes
from data_engine.indexing.source_files import ReadOptions, SourceFile, is_packed, local_copy, open_file
from data_engine.indexing.uris import part_uri

_MOST_DEATHS = 20
_MOST_BYTES = 100_000_000
_UNKNOWN = "application/octet-stream"
_REMEDY = "; repair or split it, or raise source.max_sample_s or source.max_reader_bytes where it is only large"


def read_documents(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The documents of a file as samples, or their pages where `text_per` is page.

    What cannot be read is an unreadable sample: a document that is encrypted, broken, or holds no text but images.
    Of one whose pages are only in part readable the others are read, and column `unread_pages` names those.

    Args:
        file: A PDF, Word, HTML or text file, or a web archive; which it is, its content tells.
        source: How to read it.
    """
    with open_file(file.path, source.patience) as stream:
        is_archive = is_web_archive(stream.peek(8))
    if not is_archive and file.n_bytes > _most_bytes(source):
        yield not_opened(file, too_large(file.n_bytes, _most_bytes(source)))
        return
    last = "its start"
    why = None
    try:
        with _copied(file, source, is_archive) as (local, why):
            parts = _parts(local.path, file.uri, source, is_archive)
            if is_archive:
                for part in parts:
                    place = replace(file, uri=part_uri(file.uri, part.record))
                    yield from _samples_of(place, [part], by_page=source.text_per == "page")
                    last = f"document {part.record}"
                if why is not None:
                    raise why
            else:
                yield from _samples_of(file, list(parts), by_page=source.text_per == "page")
    except FileNotFoundError:
        raise
    except OSError as error:
        yield broken_off(file, last, why or error)


@contextmanager
def _copied(file: SourceFile, source: ReadOptions, is_archive: bool) -> Iterator[tuple[SourceFile, OSError | None]]:
    """The file on this machine and not packed; of a packed archive what came before it breaks off, and why it does."""
    if not is_archive or (isinstance(file.path, Path) and not is_packed(file.path)):
        with local_copy(file, source.patience) as local:
            yield local, None
        return
    with tempfile.NamedTemporaryFile() as copy:
        why = None
        try:
            with open_file(file.path, source.patience) as stream:
                while piece := stream.read1(1 << 20):
                    copy.write(piece)
        except OSError as error:
            if failed_on_the_way(error):
                raise
            why = error
        copy.flush()
        yield replace(file, path=Path(copy.name)), why


def _most_bytes(source: ReadOptions) -> int:
    return _MOST_BYTES if source.max_document_bytes is None else source.max_document_bytes


def _parts(path: object, name: str, source: ReadOptions, is_archive: bool) -> Iterator[Part]:
    """The parts of a file; one that ends the process which reads it is left out, and says so."""
    limits = Limits(source.max_sample_s, source.max_reader_bytes)
    known, n_deaths, n_read = Part(1, _UNKNOWN, n_pages=0), 0, 0
    while True:
        work = (read_parts, path, name, _most_bytes(source), n_read)
        try:
            with borrowed_reader() as reader:
                for part in filter(None, reader.ask(*work, limits=limits, each=True)):
                    n_read, known = n_read + 1, part
                    yield part
            return
        except ReaderKilled as error:
            n_deaths, n_read = n_deaths + 1, n_read + 1
            if n_deaths > _MOST_DEATHS:
                raise OSError(
                    f"{_MOST_DEATHS} of its parts ended the process that reads them, this too: {error}"
                ) from error
            said = f"{error} while it read this"
            if is_archive:
                yield Part(n_read, _UNKNOWN, error=f"{said} document{_REMEDY}")
            elif not known.n_pages:
                yield Part(1, _UNKNOWN, error=f"{said} document{_REMEDY}")
                return
            else:
                yield replace(known, pages=(Page(n_read, error=f"{said} page{_REMEDY}"),))
            if not is_archive and n_read >= known.n_pages:
                return


def _samples_of(file: SourceFile, parts: list[Part], *, by_page: bool) -> Iterator[RawSample]:
    document = parts[-1]
    file = replace(file, n_bytes=document.n_bytes or file.n_bytes)
    if document.error is not None:
        yield replace(not_opened(file, document.error), metadata=document.metadata)
        return
    pages = [page for part in parts for page in part.pages]
    unread = {str(page.number): page.error for page in pages if page.error is not None}
    written: list[Sequence[Line]] = [page.lines for page in pages]
    lines = without_running_lines(written)
    if not any(lines):
        # Forms and tickets may differ from page to page by nothing but numbers; then these are what they say.
        lines = written
    if len(unread) == len(pages) or (
        (document.n_pages > 1 or document.media_type == "application/pdf") and not any(lines)
    ):
        yield replace(not_opened(file, _why_no_text(unread, len(pages))), media_type=document.media_type)
    elif not by_page or document.n_pages == 1:
        metadata = {**document.metadata, **({"unread_pages": unread} if unread else {})}
        yield _sample(file, text_of(lines), replace(document, metadata=metadata))
    else:
        for page, of_page in zip(pages, lines, strict=True):
            place = replace(file, uri=part_uri(file.uri, f"page={page.number}"))
            if page.error is None:
                metadata = {**document.metadata, "page": page.number}
                yield _sample(place, text_of([of_page]), replace(document, metadata=metadata))
            else:
                yield not_opened(place, page.error)


def _why_no_text(unread: dict[str, str], n_pages: int) -> str:
    if len(unread) == n_pages:
        return f"none of its {n_pages} pages can be read, the first because {next(iter(unread.values()))}"
    return (
        f"its {n_pages} pages hold no text, only images of it: a scan; recognise the text first, as ocrmypdf does, or "
        "remove the file"
    )


def _sample(file: SourceFile, text: str, document: Part) -> RawSample:
    content = normalise(text)
    return RawSample(
        sample_id=sample_id_of_bytes(content.encode()),
        uri=file.uri,
        n_bytes=len(content.encode()),
        arrived_at=file.modified_at,
        media_type=document.media_type,
        text=content,
        metadata=document.metadata,
    )
