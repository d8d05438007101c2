"""A corpus as a notebook opens it; the blocks of docs/notebooks.md are carried out too."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from small_project import SmallProject

import data_engine
from data_engine.errors import ContentMissing, InvalidInput, UnknownSample
from data_engine.notebook import open_corpus

PAGE = Path(__file__).resolve().parents[1] / "docs" / "notebooks.md"


def test_everything_of_a_finished_corpus_can_be_read_and_nothing_is_written(finished: SmallProject) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*") if path.is_file()}
    corpus = open_corpus("notes", finished.folder)
    samples, chosen = corpus.samples(), corpus.subset()
    n_kept = samples.num_rows
    assert repr(corpus) == f"<corpus notes: {n_kept} kept, 180 chosen, {corpus.labels().num_rows} labels, 1 release>"
    assert samples["sample_id"].to_pylist() == sorted(set(samples["sample_id"].to_pylist()))
    ids, x = corpus.embeddings()
    assert (ids, x.shape) == (samples["sample_id"].to_pylist(), (n_kept, 256))
    assert np.linalg.norm(x, axis=1) == pytest.approx(1, abs=1e-5)
    some = chosen["sample_id"].to_pylist()[:3]
    assert corpus.embeddings(some)[0] == corpus.samples(some)["sample_id"].to_pylist() == sorted(some)
    tree, in_order = corpus.tree()
    assert (tree.n_samples, sorted(in_order)) == (n_kept, ids)
    assert corpus.clusters()["level"][0].as_py() == 3
    assert (
        corpus.release().num_rows == corpus.release(corpus.releases()[0]).num_rows == corpus.table("release").num_rows
    )
    assert "funnel" in corpus.metrics().to_pandas()["metric"].tolist()
    assert corpus.report.name == "report.html"
    assert {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*") if path.is_file()} == before


def test_why_a_sample_was_kept_or_not_is_asked_by_its_id(finished: SmallProject) -> None:
    corpus = data_engine.open_corpus("notes", finished.folder)
    chosen = corpus.subset()["sample_id"][0].as_py()
    decided = corpus.why(chosen[:12]).to_pylist()
    assert {row["sample_id"] for row in decided} == {chosen}
    assert [decided[0]["step"], decided[-1]["step"]] == ["raw_index", "release"]
    with pytest.raises(UnknownSample, match="no step has decided anything about sample 'ffffffffffff'"):
        corpus.why("ffffffffffff")
    with pytest.raises(AttributeError, match="has no attribute 'open_corpora'"):
        data_engine.open_corpora  # noqa: B018


def test_texts_that_repeat_a_sample_or_an_earlier_text_are_found_with_what_they_repeat(finished: SmallProject) -> None:
    corpus = open_corpus("notes", finished.folder)
    known = corpus.samples().slice(0, 1).to_pylist()[0]
    other = "a text about nothing that any other note of this corpus has ever been written about"
    found = corpus.near_duplicates([f"{known['text']}!", other, other]).to_pylist()
    assert [(row["sample_id"], row["row"]) for row in found] == [(known["sample_id"], None), (None, 1)]
    assert all(row["similarity"] >= 0.8 for row in found)
    assert corpus.near_duplicates([]).num_rows == 0


def test_what_is_not_there_is_named_with_what_there_is(finished: SmallProject, notes: SmallProject) -> None:
    corpus = open_corpus(project=finished.folder)
    with pytest.raises(InvalidInput, match="there is no table 'lables'; there are raw_index, first_pass,"):
        corpus.table("lables")
    with pytest.raises(ContentMissing, match=r"no Parquet file of the release 'none'; the releases are: [0-9a-f]{16};"):
        corpus.release("none")
    with pytest.raises(InvalidInput, match="there is no corpus 'letters'; there are: notes"):
        open_corpus("letters", finished.folder)


def test_a_corpus_that_never_ran_is_empty_and_says_what_to_do(notes: SmallProject) -> None:
    corpus = open_corpus("notes", notes.folder)
    assert repr(corpus) == "<corpus notes: 0 kept, 0 chosen, 0 labels, 0 releases>"
    assert (corpus.samples().num_rows, corpus.releases()) == (0, ())
    for read in (corpus.tree, corpus.release, lambda: corpus.report):
        with pytest.raises((InvalidInput, ContentMissing), match="give data-engine run notes"):
            read()


def test_the_page_about_notebooks_runs_from_its_first_block_to_its_last(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.folder)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for block in blocks:
            exec(compile(block.replace('"letters"', '"notes"'), str(PAGE), "exec"), names)
    assert "<corpus notes: " in said.getvalue()
