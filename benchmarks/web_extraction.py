"""Which lines of real web pages are the article: rules, the light classifier, both, and two extractors of others.

    WEB_EXTRACTION=DATA_FOLDER python benchmarks/web_extraction.py [--write] [--folds 5]

DATA_FOLDER (or the first argument) is the repository scrapinghub/article-extraction-benchmark: 181 pages
(`html/*.html.gz`), their articles by hand (`ground-truth.json`) and their plain text by html2text (`html2text.json`).
The lines are those of the plain text, so that nobody's idea of a page decides what a line is. A line of four words
and more is the article's when at least half of its runs of four words are in the article; a shorter one when it is a
whole line of the article and stands between lines that are. What an extractor returns is held against the same lines
in the same way, in the place of the article. Extractors see the HTML; the engine sees the plain text only. The
classifier is cross-validated by page.
Needs the extra `runtime`: trafilatura (Apache-2.0) and jusText (BSD-2-Clause).
"""

import argparse
import gzip
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from first_pass import SOURCE, examples

from data_engine.filtering.page_content.line_classifier import fit_line_classifier
from data_engine.filtering.page_content.lines import content_lines, lines_of
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.phrases import BOILERPLATE
from data_engine.filtering.rules.registry import rules_of
from data_engine.filtering.rules.rule import Rule
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches

Mask = np.ndarray
Lines = Iterator[str]
_WORD = re.compile(r"\w+")
_RUN = 4
GOAL = 0.85


def words_of(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))


def runs_of(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)}


def in_text(lines: Sequence[str], text: str) -> Mask:
    """Which lines of a page are in a text."""
    runs, whole_lines = runs_of(words_of(text)), {words_of(line) for line in text.split("\n")}
    is_long, is_in = np.zeros(len(lines), bool), np.zeros(len(lines), bool)
    for place, line in enumerate(lines):
        words = words_of(line)
        of_line = [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
        is_long[place] = bool(of_line)
        is_in[place] = bool(of_line) and sum(run in runs for run in of_line) >= len(of_line) / 2
    places = np.flatnonzero(is_in)
    if len(places):
        for place in range(places[0], places[-1]):
            is_in[place] |= not is_long[place] and words_of(lines[place]) in whole_lines
    return is_in


def by_classifier(pages: list[list[str]], truth: list[Mask], n_folds: int) -> list[Mask]:
    """Kept lines of every page, by a classifier that has seen none of the fold the page is in."""
    fold = np.random.default_rng(0).permutation(len(pages)) % n_folds
    kept: list[Mask] = [np.empty(0, bool)] * len(pages)
    for held_out in range(n_folds):
        taught = np.flatnonzero(fold != held_out)
        classifier = fit_line_classifier([pages[i] for i in taught], [truth[i] for i in taught], seed=0)
        for page in np.flatnonzero(fold == held_out):
            kept[page] = classifier.keep(pages[page])
    return kept


def vetoed(lines: Sequence[str]) -> Mask:
    """Lines that rules drop whatever a classifier says: a phrase of boilerplate in fewer than twelve words."""
    return np.array([len(line.split()) < 12 and BOILERPLATE.search(line.lower()) is not None for line in lines], bool)


def extractors(folder: Path, names: Sequence[str], pages: list[list[str]]) -> dict[str, tuple[list[Mask], float]]:
    """Lines that each extractor keeps, and its seconds for all pages."""
    import justext
    import trafilatura

    stop_list = justext.get_stoplist("English")
    calls: dict[str, Callable[[bytes], str]] = {
        "trafilatura (HTML)": lambda html: trafilatura.extract(html, include_comments=False) or "",
        "jusText (HTML)": lambda html: "\n".join(
            part.text for part in justext.justext(html, stop_list) if not part.is_boilerplate
        ),
    }
    found = {}
    for name, call in calls.items():
        kept, seconds = [], 0.0
        for page, lines in zip(names, pages, strict=True):
            html = gzip.decompress((folder / "html" / f"{page}.html.gz").read_bytes())
            start = time.perf_counter()
            text = call(html)
            seconds += time.perf_counter() - start
            kept.append(in_text(lines, text))
        found[name] = (kept, seconds)
    return found


def scores(kept: Mask, truth: Mask, weights: Mask) -> tuple[float, float, float]:
    n_right, n_kept, n_true = (weights[mask].sum() for mask in (kept & truth, kept, truth))
    precision, recall = n_right / max(n_kept, 1e-9), n_right / n_true
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Lines:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    yield ""


def whole(folder: Path, n_folds: int) -> tuple[Lines, list[list[str]], list[Mask]]:
    articles = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    plain = json.loads((folder / "html2text.json").read_text("utf-8"))["output"]
    names = sorted(articles)
    pages = [[line for line in lines_of(plain[name]["articleBody"]) if words_of(line)] for name in names]
    truth = [in_text(lines, articles[name]["articleBody"]) for name, lines in zip(names, pages, strict=True)]
    by_rules = [content_lines(lines) for lines in pages]
    learnt = by_classifier(pages, truth, n_folds)
    both = [kept & ~vetoed(lines) for kept, lines in zip(learnt, pages, strict=True)]
    peers = extractors(folder, names, pages)
    all_true = np.concatenate(truth)
    n_words = np.array([len(words_of(line)) for lines in pages for line in lines], float)
    ways = {"every line": [np.ones(len(lines), bool) for lines in pages], "rules": by_rules}
    ways |= {"light classifier": learnt, "rules and light classifier": both}
    ways |= {name: kept for name, (kept, _) in peers.items()}
    rows = []
    for name, kept in ways.items():
        by_line = scores(np.concatenate(kept), all_true, np.ones(len(all_true)))
        rows.append((name, *(f"{x:.3f}" for x in by_line), f"{scores(np.concatenate(kept), all_true, n_words)[2]:.3f}"))
    reached = scores(np.concatenate(both), all_true, np.ones(len(all_true)))[2]

    def lines() -> Lines:
        share = f"{all_true.mean():.1%}"
        yield f"{len(pages)} pages, {len(all_true):,} lines, {share} of them the article's; {n_folds} folds.\n"
        yield from table(("kept by", "precision", "recall", "F1 of lines", "F1 of words"), rows)
        verdict = "held" if reached >= GOAL else "missed"
        yield f"The goal of F1 >= {GOAL} by rules and light classifier together is {verdict}: {reached:.3f}.\n"

    return lines(), pages, truth


def of_each_rule(lines: list[str], is_content: Mask, texts: list[str], is_junk: Mask) -> Lines:
    """Precision and recall of what each rule rejects at its published limit, or at a limit that is named."""
    own_limits = {"boilerplate_lines": 0, "link_share": 0.5, "javascript_lines": 0, "emails": 0, "phone_numbers": 0,
                  "secrets": 0, "language_probability": 0.65}  # fmt: skip
    documents = ([Document(line) for line in lines], [Document(text) for text in texts])
    junk = (~is_content, is_junk)
    rows = []
    for rule in rules_of("text"):
        limit = next(iter(rule.published.values()), own_limits.get(rule.name, rule.default))
        if limit is None:
            continue
        cells: list[str] = []
        for found, truth in zip(documents, junk, strict=True):
            cells += _rejected(rule, limit, found, truth)
        rows.append((f"`{rule.name}`", f"{rule.direction.replace('_', ' ')} {limit:g}", *cells))
    yield "What each rule alone rejects: of the lines of the pages (junk is what is not the article), and of the"
    n_junk = f"{is_junk.sum():,}"
    yield f"{len(texts):,} licence mentions ({n_junk} are marked as false positives by their curators: the junk)."
    yield "Limits are the published ones, which were meant for whole documents.\n"
    header = ("rule", "stays when", "lines rejected", "precision", "recall", "mentions rejected", "precision", "recall")
    yield from table(header, rows)


def _rejected(rule: Rule, limit: float, documents: list[Document], is_junk: Mask) -> list[str]:
    rejected = np.array([rule.rejects(rule.score(document), limit) for document in documents], bool)
    n_right = (rejected & is_junk).sum()
    precision = f"{n_right / rejected.sum():.3f}" if rejected.any() else "-"
    return [f"{rejected.sum():,}", precision, f"{n_right / is_junk.sum():.3f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = os.environ.get("WEB_EXTRACTION")
    parser.add_argument("folder", type=Path, nargs="?" if given else None, default=given, metavar="DATA_FOLDER")
    parser.add_argument("--write", action="store_true", help="write the tables to benchmarks/RESULTS.md")
    parser.add_argument("--folds", type=int, default=5, help="folds of pages")
    arguments = parser.parse_args()

    said, pages, truth = whole(arguments.folder, arguments.folds)
    batches = list_batches(SOURCE, Batches(by="hash", count=8), Path())
    raw = pa.concat_tables(read_batch(SOURCE, files, batch=batch, modality="text") for batch, files in batches.items())
    lines = list(said)
    lines += of_each_rule([line for page in pages for line in page], np.concatenate(truth), *examples(raw))
    print("\n".join(lines))
    if arguments.write:
        from results import append_results

        append_results("Content of web pages", "\n".join(lines))


if __name__ == "__main__":
    main()
