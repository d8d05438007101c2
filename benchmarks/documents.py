"""Texts of PDF files in reading order, beside pypdf and PDFium alone; and one text in three formats as duplicates.

    python benchmarks/documents.py [--write] [--texts 60]

Needs Chromium, which typesets the PDF files: passages of licences from the package licensedcode-data, with a heading
over the page and the header and footer that Chromium prints on every page, in one column and in two. The truth is the
text before it was typeset. *In order*: pairs of neighbouring words of the truth that are neighbours in what was read.
*Foreign*: pairs in what was read that are none of the truth, which headers, footers and wrong turns make. *Paragraphs*:
those of the truth that stand in the text as one, from beginning to end. All libraries read the same bytes in this
process, one after the other.
"""

import argparse
import io
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdf
import pypdfium2
from duplicates import ours as near_duplicates
from duplicates import passages
from results import append_results

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.documents.parts import text_of
from data_engine.indexing.documents.pdf import read_pdf
from data_engine.indexing.documents.running_lines import without_running_lines
from data_engine.indexing.source import Batches, Source
from data_engine_tests.support.written_documents import page_of, word_of

CHROMIUM = (
    "chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
)
Lines = Iterator[str]
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def typeset(paragraphs: Sequence[str], n_columns: int, folder: Path) -> bytes:
    """A PDF file as Chromium prints it, with its date, title, address and page numbers on every page."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    style = f"column-count: {n_columns}; text-align: justify; hyphens: auto"
    html = (
        f'<html lang="en"><title>Licences</title><h1>Passages of licences</h1><div style="{style}">{body}</div></html>'
    )
    (folder / "page.html").write_text(html, "utf-8")
    target = folder / "page.pdf"
    command = [
        *CHROMIUM.split(),
        f"--user-data-dir={folder}/profile",
        f"--print-to-pdf={target}",
        str(folder / "page.html"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return target.read_bytes()


def ours(content: bytes) -> str:
    pages = [page.lines for part in read_pdf(content, 1) for page in part.pages]
    return text_of(without_running_lines(pages))


def by_pypdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def by_pdfium(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


WAYS: dict[str, Callable[[bytes], str]] = {
    "the engine": ours,
    "pypdf": by_pypdf,
    "PDFium, its own order": by_pdfium,
}


def quality(text: str, paragraphs: Sequence[str]) -> tuple[float, float, float]:
    """Shares of pairs in order and of foreign pairs, and of paragraphs that are whole."""
    truth = Counter(pair for paragraph in paragraphs for pair in pairwise(words_of(paragraph)))
    read = Counter(pair for line in text.split("\n\n") for pair in pairwise(words_of(line)))
    blocks = {tuple(words_of(block)) for block in text.split("\n\n")}
    n_whole = sum(tuple(words_of(paragraph)) in blocks for paragraph in paragraphs)
    return (
        (truth & read).total() / truth.total(),
        (read - truth).total() / max(read.total(), 1),
        n_whole / len(paragraphs),
    )


def reading(texts: list[str]) -> Lines:
    yield "| columns | read by | pages a second | in order | foreign | paragraphs whole |"
    yield "|---|---|---|---|---|---|"
    for n_columns in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            content = typeset(texts, n_columns, Path(folder))
        n_pages = len(pypdf.PdfReader(io.BytesIO(content)).pages)
        for name, way in WAYS.items():
            way(content)
            start = time.perf_counter()
            text = way(content)
            seconds = time.perf_counter() - start
            kept, foreign, whole = quality(text, texts)
            yield f"| {n_columns} | {name} | {n_pages / seconds:,.0f} | {kept:.3f} | {foreign:.3f} | {whole:.2f} |"
    yield ""


def duplicates(texts: list[str]) -> Lines:
    """How many of the same texts in three formats are found to be duplicates of the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, text in enumerate(texts):
            (folder / f"{number:04}-1.html").write_text(page_of(escape(text)), "utf-8")
            (folder / f"{number:04}-2.docx").write_bytes(word_of([text]))
            (folder / f"{number:04}-3.txt").write_text(text, "utf-8")
        source = Source(kind="documents", path=name)
        (files,) = list_batches(source, Batches(), folder).values()
        start = time.perf_counter()
        rows = read_batch(source, files, batch="b", modality="text")
        seconds = time.perf_counter() - start
    pairs = near_duplicates([text or "" for text in rows["text"].to_pylist()], 0.8)
    n_found = sum(original // 3 == copy // 3 for original, copy in pairs)
    yield (
        f"{len(texts)} of these texts, each as a web page with a menu, as a Word file and as plain text: "
        f"{len(rows) / seconds:,.0f} files a second with the start of the process that reads them; of "
        f"the {len(texts) * 2} repeats {n_found} are found to be near-duplicates (similarity .8) of another format."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--texts", type=int, default=60)
    options = parser.parse_args()
    texts = [" ".join(text.split()) for text in passages(options.texts, 150, np.random.default_rng(0))]
    body = "\n".join([*reading(texts), *duplicates(texts)])
    print(body)
    if options.write:
        append_results("Documents", body, packages=("pypdf", "pypdfium2", "python-docx", "trafilatura"))


if __name__ == "__main__":
    main()
