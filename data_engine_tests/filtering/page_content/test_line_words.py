import numpy as np

from data_engine.filtering.page_content.line_words import LineWords, fit_line_words, hashed_words


def test_words_that_stand_in_content_score_above_those_of_menus() -> None:
    lines = ["the cat sat", "the cat ran", "share this", "share that"]
    marks, folds = np.array([True, True, False, False]), np.array([0, 1, 0, 1])
    words, unseen = fit_line_words(lines, marks, folds, seed=0)
    assert (words.score(["the cat slept", "share it"]) > 0).tolist() == [True, False]
    assert ((unseen > 0) == marks).all()


def test_where_all_lines_are_of_one_kind_words_say_nothing() -> None:
    words = LineWords.fit(hashed_words(["a b", "c d"]), np.array([True, True]), seed=0)
    assert words.score(["a b", "share this"]).tolist() == [0.0, 0.0]
