"""Corpora as the review page knows them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.errors import ContentMissing, InvalidInput
from data_engine.review import NewTask
from data_engine.runtime.review_page.page_corpora import page_corpora


def test_a_corpus_comes_with_its_question_instructions_and_what_is_left(tmp_path: Path) -> None:
    told = {"instructions": "Read it all.", "definitions": {"baking": "Bread and cakes."}}
    (corpus,) = page_corpora([notes_runtime(tmp_path, review=told)])
    assert (corpus.name, corpus.title, corpus.question) == ("notes", "notes", "What is this note about?")
    assert corpus.classes[:2] == ("baking", "sailing")
    assert (corpus.instructions, dict(corpus.definitions)) == ("Read it all.", {"baking": "Bread and cakes."})
    assert corpus.ask(5) is None
    assert corpus.left() == "no review batch is open: data-engine run notes"
    with pytest.raises(ContentMissing, match="is a text"):
        corpus.image_of("a", False)


def test_changed_classes_are_told_to_the_queue_and_to_people(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    with runtime.queue() as queue:
        task = NewTask("a", "query", "manual", {"text": "rails"})
        queue.open_batch(
            "one", corpus="notes", question="?", classes=["baking", "cooking"], tasks=[task], cause="c",
            now=datetime.now(UTC),
        )  # fmt: skip
    (corpus,) = page_corpora([runtime])
    assert "class 'cooking' is removed; nobody had answered it" in corpus.notices
    assert page_corpora([runtime])[0].notices == ()
    with runtime.queue() as queue:
        lease = queue.next("ada", now=datetime.now(UTC))
    assert lease is not None and lease.task.classes == corpus.classes


def test_what_is_defined_is_a_class(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"defines \['cooking'\], which are no classes; define classes only"):
        page_corpora([notes_runtime(tmp_path, review={"definitions": {"cooking": "x"}})])


def test_a_page_needs_a_corpus_that_asks(tmp_path: Path) -> None:
    silent = notes_runtime(tmp_path, labels=None, known_label_column=None, review={})
    asking = notes_runtime(tmp_path)
    assert len(page_corpora([silent, asking])) == 1
    with pytest.raises(InvalidInput, match="corpus notes has no block labels, so there is nothing to answer; add one"):
        page_corpora([silent])
