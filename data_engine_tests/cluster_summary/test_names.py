import numpy as np
import pytest

from data_engine.cluster_summary import cluster_names

TEXTS = [
    "Bread from the oven, warm bread",
    "The oven and the flour",
    "flour, oven, bread",
    "A boat under sail near the island",
    "the sail of a boat",
    "notes of the harbour",
]


def test_a_cluster_is_called_by_the_words_that_the_others_lack() -> None:
    names = cluster_names(TEXTS, [np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 0, 0])], [3, 1])
    assert names[0] == ["bread · oven · flour", "boat · sail · island", "notes · harbour"]


def test_a_word_of_every_cluster_names_none() -> None:
    texts = ["license mit", "license mit", "license gpl", "license gpl"]
    assert cluster_names(texts, [np.array([0, 0, 1, 1])], [2]) == [["mit", "gpl"]]


def test_where_no_word_stands_out_the_commonest_does() -> None:
    assert cluster_names(["license mit", "license"], [np.array([0, 0])], [1]) == [["license"]]


def test_a_word_inside_a_chosen_one_is_passed_over() -> None:
    texts = ["gnuplot gnuplot.html manual", "zlib readme guide"]
    assert cluster_names(texts, [np.array([0, 1])], [2])[0][0] == "gnuplot · manual"


def test_terms_stand_in_the_order_of_the_first_text() -> None:
    texts = ["public general gnu", "gnu general public", "mit", "mit"]
    assert cluster_names(texts, [np.array([0, 0, 1, 1])], [2])[0][0] == "public · general · gnu"


@pytest.mark.parametrize("texts", [[], ["!?", "- -"]])
def test_without_words_there_are_no_names(texts: list[str]) -> None:
    assert cluster_names(texts, [np.zeros(len(texts), dtype=int)], [2]) == [[None, None]]


def test_a_cluster_without_texts_has_no_name() -> None:
    assert cluster_names(["boat sail", "oven bread"], [np.array([0, 2])], [3])[0][1] is None
