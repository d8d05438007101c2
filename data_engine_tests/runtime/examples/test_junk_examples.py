"""Examples of junk: marked samples of the corpus, or two places of their own."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from small_project import SmallProject, notes_corpus

from data_engine.corpus import Corpus, JunkExamples
from data_engine.filtering import JunkClassifier
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.examples import junk_examples
from data_engine.runtime.examples.junk_examples import fit_junk, fit_model, junk_example_files, learnt_from_examples
from data_engine.runtime.step_run import StepRun

GOOD = [f"The house number {name} stands in the garden of the town." for name in "abcdefghijklmnop"]
JUNK = [f"value_{name} = func({name}, 0x{name}0);" for name in "abcdefghijklmnop"]


def test_a_folder_of_good_texts_and_a_file_of_junk_teach_the_classifier(project: SmallProject) -> None:
    (project.folder / "good").mkdir()
    for row, text in enumerate(GOOD):
        (project.folder / "good" / f"{row}.txt").write_text(text)
    (project.folder / "junk.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in JUNK))
    first_pass = {"junk": {"good": "good", "junk": "junk.jsonl", "keep_clean_share": 0.9}}
    corpus = Corpus(**{**notes_corpus(project.folder / "source"), "first_pass": first_pass})
    runtime = CorpusRuntime(corpus, project.folder)
    assert corpus.first_pass.junk is not None
    files = junk_example_files(runtime)
    classifier = fit_junk(runtime, corpus.first_pass.junk, files)
    assert (len(files), classifier.n_clean, classifier.n_junk) == (17, 16, 16)
    good, junk = classifier.score(["The house stands in the town.", "value_z = func(z, 0xz0);"])
    assert good < junk
    model = fit_model(runtime, corpus.first_pass.junk, files)
    usual, unusual = (model.perplexity(text) or 0 for text in ("The town stands in the garden.", "xj3 ;;( qwz ##"))
    assert 1 < usual < 10 < unusual


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/good.jsonl.gz", "jsonl"),
        ("good.CSV.xz", "csv"),
        ("good.parquet", "parquet"),
        ("texts.gz", "folder"),
        ("v1.2/good", "folder"),
    ],
)
def test_the_ending_says_how_examples_are_read_packed_or_not(path: str, kind: str) -> None:
    assert junk_examples.kind_of(path) == kind


def test_the_rule_of_perplexity_asks_for_examples() -> None:
    described = {**notes_corpus(Path("source")), "first_pass": {"rules": {"perplexity": 20}}}
    with pytest.raises(ValidationError, match=r"rule perplexity is 20.* but first_pass\.junk names no examples"):
        Corpus(**described)


def test_another_process_takes_over_the_classifier_and_a_damaged_file_is_learnt_anew(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": text, "text": text, "is_junk": text in JUNK} for text in GOOD + JUNK]
    (project.folder / "source").mkdir()
    (project.folder / "source" / "may.jsonl").write_text("\n".join(map(json.dumps, rows)))
    junk = {"column": "is_junk", "batches": ["may.jsonl"], "keep_clean_share": 0.9}
    corpus = Corpus(**{**notes_corpus(project.folder / "source"), "first_pass": {"junk": junk}})
    runtime, fits = CorpusRuntime(corpus, project.folder), list[int]()

    def fit(*arguments: Any) -> JunkClassifier:
        fits.append(1)
        return fit_junk(*arguments)

    def version_in_a_fresh_process() -> str:
        monkeypatch.setattr(junk_examples, "_FITTED", {})
        step_run = StepRun(runtime, "first_pass", "may.jsonl", "run")
        return learnt_from_examples(step_run, corpus.first_pass).versions["junk"]

    monkeypatch.setattr(junk_examples, "fit_junk", fit)
    versions = [version_in_a_fresh_process(), version_in_a_fresh_process()]
    assert (len(set(versions)), len(fits)) == (1, 1)
    (kept,) = runtime.store().artefacts().folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert (version_in_a_fresh_process(), len(fits)) == (versions[0], 2)


@pytest.mark.parametrize(
    "given",
    [{}, {"column": "is_junk"}, {"good": "a"}, {"column": "x", "batches": ["b"], "good": "a", "junk": "b"}],
    ids=["nothing", "no batches", "no junk", "both"],
)
def test_examples_are_given_in_one_of_two_ways(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="junk needs either column and batches"):
        JunkExamples(**given)
