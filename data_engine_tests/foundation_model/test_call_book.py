import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data_engine.errors import StorageError
from data_engine.foundation_model.answers import ModelAnswer
from data_engine.foundation_model.call_book import CallBook, InAll, OverBudget, PaidAnswer, Spent

MAY, JUNE = 1_778_000_000.0, 1_781_000_000.0
PAID = PaidAnswer(ModelAnswer("mit", 0.9, "", 10, 2), 0.25, 0.5)


def _book(tmp_path: Path, **given: Any) -> CallBook:
    return CallBook(tmp_path / "calls.db", **{"run_id": "one", "now": lambda: MAY, **given})


def test_an_answer_is_kept_for_every_later_run(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        assert book.answer_to("k") is None
        (number,) = book.reserve(["k"], [2.0])
        assert book.answer_to("k") is None
        assert book.spent() == Spent(2.0, 2.0, 1)
        book.settle(number, PAID)
        assert book.spent() == Spent(0.25, 0.0, 1)
    with _book(tmp_path, run_id="two") as book:
        assert book.answer_to("k") == PAID
        assert book.spent() == Spent(0, 0, 0)
        assert book.spent(month="2026-05") == Spent(0.25, 0.0, 1)


def test_a_call_that_could_cross_the_budget_of_the_run_is_refused_in_advance(tmp_path: Path) -> None:
    with _book(tmp_path, max_per_run=1.0) as book:
        (number,) = book.reserve(["a"], [0.75])
        with pytest.raises(
            OverBudget, match=r"0\.75 are spent and the next call may cost 0\.5, .* max_cost_per_run 1 "
        ):
            book.reserve(["b"], [0.5])
        book.settle(number, PAID)
        book.reserve(["b", "c"], [0.5, 0.25])
        with pytest.raises(OverBudget):
            book.reserve(["d", "e"], [0.0, 0.01])
        assert book.spent().n_calls == 3
    with _book(tmp_path, run_id="two", max_per_run=1.0) as book:
        book.reserve(["d"], [1.0])


def test_questions_share_the_budget_and_not_their_counts_nor_their_files(tmp_path: Path) -> None:
    with _book(tmp_path, question="topic", max_per_month=1.0) as book:
        book.reserve(["a"], [0.9], file_key="f", classes=["law", "航海"])
        assert book.in_all().cost == 0.9
    with _book(tmp_path, question="tone", run_id="two", max_per_month=1.0) as book:
        with pytest.raises(OverBudget, match="max_cost_per_month"):
            book.reserve(["b"], [0.2])
        assert (book.in_all().cost, book.open_files()) == (0, {})
    with _book(tmp_path, question="topic") as book:
        assert (book.open_files(), book.classes_of_file("f")) == ({"f": None}, ("law", "航海"))
        assert book.classes_of_file("other") == ()


def test_a_book_of_an_earlier_engine_is_read(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        book.settle(book.reserve(["k"], [2.0])[0], PAID)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as connection:
        connection.executescript(
            "alter table call drop column question; alter table batch_file drop column question; "
            "alter table batch_file drop column classes"
        )
    with _book(tmp_path, run_id="two") as book:
        assert book.answer_to("k") == PAID
        book.reserve(["b"], [0.1], file_key="f")
        assert book.in_all().cost == pytest.approx(PAID.cost + 0.1)


def test_the_budget_of_a_month_holds_for_all_runs_of_it(tmp_path: Path) -> None:
    with _book(tmp_path, max_per_month=1.0) as book:
        book.reserve(["a"], [0.9])
    with (
        _book(tmp_path, run_id="two", max_per_month=1.0) as book,
        pytest.raises(OverBudget, match="max_cost_per_month"),
    ):
        book.reserve(["b"], [0.2])
    with _book(tmp_path, run_id="three", max_per_month=1.0, now=lambda: JUNE) as book:
        book.reserve(["b"], [0.2])


def test_what_costs_nothing_is_taken_out_and_what_is_answered_stays(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        numbers = book.reserve(["a", "b"], [1.0, 1.0])
        book.settle(numbers[0], PAID)
        book.cancel(numbers)
        assert book.answer_to("a") == PAID
        assert book.spent() == Spent(0.25, 0.0, 1)


def test_a_batch_file_is_known_until_it_is_taken_over(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        numbers = book.reserve(["a", "b"], [1.0, 2.0], file_key="f")
        assert book.open_files() == {"f": None}
        book.name_file("f", "batch-1")
    with _book(tmp_path, run_id="two") as book:
        assert book.open_files() == {"f": "batch-1"}
        assert book.calls_of_file("f") == dict(zip("ab", numbers, strict=True))
        book.settle(numbers[0], PAID)
        book.close_file("f")
        assert (book.open_files(), book.answer_to("b")) == ({}, None)
        assert book.spent(month="2026-05").cost == 0.25


def test_examples_of_a_question_stay_those_of_the_first_time(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        assert book.examples("q", []) == set()
        assert book.examples("q", ["b", "a"]) == {"a", "b"}
        assert book.examples("q", ["c"]) == {"a", "b"}
        assert book.examples("other", ["c"]) == {"c"}


def test_examples_that_are_forgotten_are_in_no_byte_of_the_book(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with CallBook(path, run_id="one") as book:
        book.examples("q", ["a-long-id", "b"])
        book.forget_examples(["a-long-id"])
        assert book.examples("q", ["c"]) == {"b"}
        assert all(b"a-long-id" not in each.read_bytes() for each in tmp_path.iterdir())


def test_a_file_that_is_no_book_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="is no book of calls"):
        _book(tmp_path)


def test_a_book_knows_what_all_runs_asked_and_spent(tmp_path: Path) -> None:
    with _book(tmp_path) as book:
        assert book.in_all() == InAll()
        book.settle(book.reserve(["k"], [2.0])[0], PAID)
    with _book(tmp_path, run_id="two") as book:
        book.settle(book.reserve(["k"], [2.0])[0], PAID)
        book.reserve(["other"], [1.0])
        assert book.in_all() == InAll(2, 3, 20, 4, 1.0, 1.5)
