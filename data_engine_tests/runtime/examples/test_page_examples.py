"""Examples of web pages: which lines are content, and the rule that learns it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from small_project import SmallProject, notes_corpus
from web_pages import pages

from data_engine import filtering, indexing
from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput, NotEnoughData, SourceMissing
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.examples import junk_examples
from data_engine.runtime.examples.junk_examples import learnt_from_examples
from data_engine.runtime.examples.page_examples import fit_lines, page_example_files, page_of
from data_engine.runtime.step_run import StepRun


def runtime_with(project: SmallProject, n_pages: int, **first_pass: Any) -> CorpusRuntime:
    """A corpus whose first pass learns from a file of so many pages."""
    rows = [
        {"text": "\n\n".join(lines), "content": [2 * row + 1 for row, is_content in enumerate(marks) if is_content]}
        for lines, marks in zip(*pages(n_pages), strict=True)
    ]
    (project.folder / "pages.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    described = {"page_content": {"examples": "pages.jsonl"}, **first_pass}
    corpus = Corpus(**{**notes_corpus(project.folder / "source"), "first_pass": described})
    return CorpusRuntime(corpus, project.folder)


def learned(runtime: CorpusRuntime) -> filtering.LearnedFilters:
    step_run = StepRun(runtime, "first_pass", "may", "run")
    found = learnt_from_examples(step_run, runtime.corpus.first_pass)
    assert step_run.inputs == {"page examples": indexing.fingerprint(page_example_files(runtime))}
    return found


def test_pages_teach_what_a_share_of_content_is_and_a_limit_rejects_pages_of_menus(project: SmallProject) -> None:
    runtime = runtime_with(project, 12, rules={"content_share": 0.5}, min_chars=0)
    rules, filters = runtime.corpus.first_pass, learned(runtime)
    article = "The black cat slowly the house again and of the garden."
    (project.folder / "source").mkdir()
    rows = [{"id": name, "text": text} for name, text in (("a", article), ("b", f"Menu cat\n\nShare\n\n{article[:4]}"))]
    (project.folder / "source" / "may.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    files = indexing.list_batches(runtime.corpus.source, runtime.corpus.batches, project.folder)["may.jsonl"]
    raw = indexing.read_batch(runtime.corpus.source, files, batch="may", modality="text")
    table = filtering.first_pass(
        raw,
        filtering.limits_of("text", rules.rules, defaults=rules.rule_defaults),
        batch="may",
        accepted=raw.select(["sample_id"]).slice(0, 0).append_column("minhash", [[]]),
        text_of=lambda _: [],
        near_duplicate_similarity=None,
        learned=filters,
    )
    kept, rejected = table.to_pylist()
    assert (kept["reason"], rejected["reason"], rejected["threshold"]) == ("kept", "content_share", 0.5)
    assert (dict(kept["signals"])["content_share"], dict(rejected["signals"])["content_share"]) == (1.0, 0.0)
    assert filters.versions["content_share"].startswith("lines-")


def test_without_a_limit_the_share_is_measured_and_rejects_nothing_and_off_measures_nothing(
    project: SmallProject,
) -> None:
    measured = runtime_with(project, 12).corpus.first_pass
    limits = filtering.limits_of("text", measured.rules, defaults=measured.rule_defaults)
    assert {limit.rule.name: limit.limit for limit in limits}["content_share"] == 0
    off = runtime_with(project, 12, rules={"content_share": False})
    limits = filtering.limits_of("text", off.corpus.first_pass.rules, defaults=off.corpus.first_pass.rule_defaults)
    assert "content_share" not in {limit.rule.name for limit in limits}
    assert learned(off).lines is None


def test_another_process_takes_over_the_classifier(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = runtime_with(project, 12)
    first = learned(runtime).versions

    def fit_again(_: CorpusRuntime) -> None:
        raise AssertionError("it was learnt before")

    monkeypatch.setattr(junk_examples, "fit_lines", fit_again)
    assert learned(runtime).versions == first
    (kept,) = runtime.store().artefacts().folder.iterdir()
    assert kept.name.startswith("lines-")


def test_wrapped_lines_and_line_ends_of_windows_are_counted_as_an_editor_counts_them() -> None:
    page = {"text": "Home\r\n\r\nThe cat sat\r\non the mat.\r\n", "content": [3, 4]}
    text, content = page_of(json.dumps(page), "pages.jsonl line 1")
    assert filtering.marked_lines(text, content) == (["Home", "The cat sat on the mat."], [False, True])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{", r"p line 7 is not JSON \(.*\); write one page a row: "),
        ("[]", r"p line 7 is no page; write one page a row: "),
        ('{"text": "a", "content": ["a"]}', "p line 7 is no page; "),
        ('{"text": "a", "content": [true]}', "p line 7 is no page; "),
        ('{"text": "a\\nb", "content": [1, 3]}', "p line 7 names line 3 of a page of 2; number its lines from 1"),
        ('{"text": "a", "content": [0]}', "p line 7 names line 0 of a page of 1; number its lines from 1"),
    ],
    ids=["not JSON", "no object", "no numbers", "a mark", "after the end", "before the beginning"],
)
def test_a_row_of_another_form_is_refused_with_its_line(row: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        page_of(row, "p line 7")


def test_too_few_pages_and_a_missing_file_are_said(project: SmallProject) -> None:
    runtime = runtime_with(project, 9)
    with pytest.raises(NotEnoughData, match=r"there are 9 pages .* needs at least 10 pages"):
        fit_lines(runtime)
    (project.folder / "pages.jsonl").unlink()
    with pytest.raises(SourceMissing, match=r"pages\.jsonl"):
        fit_lines(runtime)


def test_the_rule_asks_for_examples() -> None:
    described = {**notes_corpus(Path("source")), "first_pass": {"rules": {"content_share": 0.3}}}
    with pytest.raises(
        ValidationError, match=r"rule content_share is 0\.3 but first_pass\.page_content names no examples"
    ):
        Corpus(**described)
