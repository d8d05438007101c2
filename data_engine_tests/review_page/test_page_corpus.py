"""What the page knows of a corpus."""

import dataclasses

import pytest
from review_page import licences_on_page


def test_a_corpus_of_the_page_does_not_change():
    corpus = licences_on_page()
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.question = "another"
    assert (corpus.notices, corpus.left()) == ((), "all samples have a label")
