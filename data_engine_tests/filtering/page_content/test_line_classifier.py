from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from web_pages import pages

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering.page_content.line_classifier import LineClassifier, fit_line_classifier


@pytest.fixture(scope="module")
def classifier() -> LineClassifier:
    return fit_line_classifier(*pages(12), seed=0)


def test_what_pages_teach_is_found_on_other_pages(classifier: LineClassifier) -> None:
    texts, marks = pages(14)
    assert [classifier.keep(page).tolist() for page in texts[12:]] == marks[12:]
    assert classifier.keep([]).tolist() == []
    assert not replace(classifier, threshold=99.0).keep(texts[12]).any()


def test_the_share_of_content_is_counted_in_characters(classifier: LineClassifier) -> None:
    lines, marks = (found[12] for found in pages(13))
    n_content = sum(len(line) for line, is_content in zip(lines, marks, strict=True) if is_content)
    assert classifier.content_share("\n\n".join(lines)) == n_content / sum(map(len, lines))
    assert classifier.content_share("Menu cat\n\nShare") == 0
    assert classifier.content_share(" \n ") is None


def test_the_version_changes_with_what_was_learnt(classifier: LineClassifier) -> None:
    same = LineClassifier.from_bytes(classifier.to_bytes())
    other = fit_line_classifier(*pages(13), seed=0)
    assert same.version == classifier.version != other.version != replace(other, threshold=0.1).version
    assert len(classifier.version) == len("lines-") + 16


def test_a_classifier_survives_its_bytes_and_is_the_same_again(classifier: LineClassifier) -> None:
    page = pages(13)[0][12]
    assert (LineClassifier.from_bytes(classifier.to_bytes()).score(page) == classifier.score(page)).all()
    assert (fit_line_classifier(*pages(12), seed=0).score(page) == classifier.score(page)).all()
    with pytest.raises(InvalidInput, match="the 3 bytes are no line classifier"):
        LineClassifier.from_bytes(b"abc")
    with np.load(BytesIO(classifier.to_bytes())) as archive:
        kept = {name: archive[name] for name in archive.files}
    older, part = BytesIO(), BytesIO()
    np.savez(older, **{**kept, "numbers": np.array([1.0, 0.5])})
    np.savez(part, **{name: values for name, values in kept.items() if name != "roots"})
    with pytest.raises(InvalidInput, match="has format 1, this code reads 2; fit it again"):
        LineClassifier.from_bytes(older.getvalue())
    with pytest.raises(InvalidInput, match="are no line classifier"):
        LineClassifier.from_bytes(part.getvalue())


def test_a_line_with_half_a_character_is_scored(classifier: LineClassifier) -> None:
    assert classifier.score(["The cat \ud800 sat.", "Share"]).shape == (2,)


def test_too_little_to_learn_from_is_refused() -> None:
    few, marks = pages(9)
    with pytest.raises(NotEnoughData, match="there are 9 pages with 45 lines of content and 99 others"):
        fit_line_classifier(few, marks, seed=0)
    with pytest.raises(InvalidInput, match="give one mark per line"):
        fit_line_classifier(few, marks[:-1], seed=0)
