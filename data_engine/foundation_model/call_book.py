"""The book of calls: what a model was asked, answered and paid, in one SQLite file that survives a kill at any point.

A call is entered at its highest possible cost before it is made, so that no budget is exceeded; afterwards at its real
one. It holds hashes, classes, tokens and costs: no prompt, no text of a sample, no key.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from data_engine.errors import DataEngineError, StorageError
from data_engine.foundation_model.answers import ModelAnswer

_TABLES = """
create table if not exists call (
    number integer primary key, key text not null, run_id text not null, month text not null, cost real not null,
    is_answered integer not null default 0, file_key text, label text, confidence real, failure text,
    tokens_in integer, tokens_out integer, seconds real, question text not null default ''
);
create index if not exists call_by_key on call (key);
create index if not exists call_by_month on call (month);
create table if not exists batch_file (
    file_key text primary key, server_id text, is_taken integer not null default 0, question text not null default '',
    classes text
);
create table if not exists example (question text, sample_id text, primary key (question, sample_id));
"""
#: Columns that a book of an earlier engine may lack.
_ADDED = (
    ("call", "question text not null default ''"),
    ("batch_file", "question text not null default ''"),
    ("batch_file", "classes text"),
)
_MOST_WAIT_S = 30.0


class OverBudget(DataEngineError):
    """A call could cross what a run or a month may cost; it was not made."""


@dataclass(frozen=True)
class PaidAnswer:
    """An answer with what it cost, and the seconds until it came."""

    answer: ModelAnswer
    cost: float
    seconds: float


@dataclass(frozen=True)
class Spent:
    """What was spent; `cost` holds `in_doubt`, the most that calls cost of which nobody knows whether they are paid."""

    cost: float
    in_doubt: float
    n_calls: int


@dataclass(frozen=True)
class InAll:
    """What a book holds: requests that differ, paid calls, tokens, seconds, and cost, with what is in doubt."""

    n_asked: int = 0
    n_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: float = 0.0


class CallBook:
    """The calls of one corpus, of all its questions; open it with `with`. Threads may share it.

    Args:
        path: the SQLite file; made when missing.
        run_id: the run that calls belong to.
        question: of several that the corpus asks, the one that calls are about; budgets hold for all of them.
        max_per_run: most that this run may spend; None for no limit.
        max_per_month: most that a calendar month (UTC) may cost.
        now: gives the time.

    Raises: StorageError when the file is no book of calls.
    """

    def __init__(
        self,
        path: Path,
        *,
        run_id: str,
        question: str = "",
        max_per_run: float | None = None,
        max_per_month: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._run_id, self._question, self._now = path, run_id, question, now
        self._limits = {"run_id": max_per_run, "month": max_per_month}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(
                path, timeout=_MOST_WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = full")
            self._connection.executescript(_TABLES)
            self._add_columns()
        except sqlite3.Error as error:
            raise StorageError(
                f"{path} is no book of calls ({error}); move it away, and what was paid for is asked again"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def answer_to(self, key: str) -> PaidAnswer | None:
        """The answer that was paid for a request; None for none."""
        rows = self._rows(
            "select label, confidence, failure, tokens_in, tokens_out, cost, seconds from call "
            "where key = ? and is_answered order by number limit 1",
            key,
        )
        if not rows:
            return None
        label, confidence, failure, tokens_in, tokens_out, cost, seconds = rows[0]
        return PaidAnswer(ModelAnswer(label, confidence, failure or "", tokens_in, tokens_out), cost, seconds)

    def reserve(
        self,
        keys: Sequence[str],
        most_costs: Sequence[float],
        *,
        file_key: str | None = None,
        classes: Sequence[str] = (),
    ) -> list[int]:
        """Enter calls that are about to be made at their highest cost; all of them or none.

        Args:
            keys: of the requests.
            most_costs: what each can cost at most.
            file_key: of the batch file that they go in.
            classes: what the answers in that file may be.

        Returns: their numbers.
        Raises: OverBudget when together they could cross what the run or the month may cost.
        """
        month = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m")
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute("begin immediate")
            try:
                self._refuse_crossing(cursor, {"run_id": self._run_id, "month": month}, sum(most_costs))
                numbers = []
                for key, cost in zip(keys, most_costs, strict=True):
                    cursor.execute(
                        "insert into call (key, run_id, month, cost, file_key, question) values (?, ?, ?, ?, ?, ?)",
                        (key, self._run_id, month, cost, file_key, self._question),
                    )
                    numbers.append(int(cursor.lastrowid or 0))
                if file_key is not None:
                    cursor.execute(
                        "insert into batch_file (file_key, question, classes) values (?, ?, ?)",
                        (file_key, self._question, json.dumps(list(classes))),
                    )
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")
        return numbers

    def settle(self, number: int, paid: PaidAnswer) -> None:
        """Enter the answer to a call, with what it really cost."""
        answer = paid.answer
        self._change(
            "update call set is_answered = 1, cost = ?, label = ?, confidence = ?, failure = ?, tokens_in = ?, "
            "tokens_out = ?, seconds = ? where number = ?",
            paid.cost, answer.label, answer.confidence, answer.failure, answer.tokens_in, answer.tokens_out,
            paid.seconds, number,
        )  # fmt: skip

    def cancel(self, numbers: Iterable[int]) -> None:
        """Take out calls that certainly cost nothing."""
        for number in numbers:
            self._change("delete from call where number = ? and not is_answered", number)

    def spent(self, *, month: str = "") -> Spent:
        """What this run has spent, or a month (`2026-05`)."""
        column, value = ("month", month) if month else ("run_id", self._run_id)
        rows = self._rows(
            "select coalesce(sum(cost), 0), coalesce(sum(case when is_answered then 0 else cost end), 0), count(*) "
            f"from call where {column} = ?",
            value,
        )
        cost, in_doubt, n_calls = rows[0]
        return Spent(cost, in_doubt, n_calls)

    def in_all(self) -> InAll:
        """What all runs asked and spent about the question, of every model and prompt."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in ("tokens_in", "tokens_out", "seconds", "cost"))
        asked = f"select count(distinct key), count(*), {sums} from call where question = ?"
        return InAll(*self._rows(asked, self._question)[0])

    def open_files(self) -> dict[str, str | None]:
        """Batch files about the question that were not taken over: by key, with the id at the server if known."""
        open_files = "select file_key, server_id from batch_file where not is_taken and question = ? order by rowid"
        return dict(self._rows(open_files, self._question))

    def classes_of_file(self, file_key: str) -> tuple[str, ...]:
        """What the answers in a batch file may be, as it was sent; none where that is not known."""
        rows = self._rows("select classes from batch_file where file_key = ?", file_key)
        return tuple(json.loads(rows[0][0] or "[]")) if rows else ()

    def calls_of_file(self, file_key: str) -> dict[str, int]:
        """Keys of the requests of a batch file that are not answered, with the numbers of their calls."""
        return dict(self._rows("select key, number from call where file_key = ? and not is_answered", file_key))

    def name_file(self, file_key: str, server_id: str) -> None:
        """Enter what the server calls a batch file."""
        self._change("update batch_file set server_id = ? where file_key = ?", server_id, file_key)

    def close_file(self, file_key: str) -> None:
        """Enter that nothing more comes of a batch file; its calls without an answer cost nothing."""
        self.cancel(self.calls_of_file(file_key).values())
        self._change("update batch_file set is_taken = 1 where file_key = ?", file_key)

    def examples(self, question: str, candidates: Iterable[str]) -> set[str]:
        """The samples that may be examples for a question: those of the first time that it was asked with any.

        The same request comes again only while its examples stay the same, and so what it says is paid once.

        Args:
            question: hash of the question and the model.
            candidates: samples that are answered by now.
        """
        kept = {row[0] for row in self._rows("select sample_id from example where question = ?", question)}
        if kept:
            return kept
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute("begin immediate")
            cursor.executemany(
                "insert or ignore into example values (?, ?)", [(question, name) for name in sorted(set(candidates))]
            )
            cursor.execute("commit")
        return set(candidates)

    def _add_columns(self) -> None:
        for table, column in _ADDED:
            there = {row[1] for row in self._connection.execute(f"pragma table_info({table})")}
            if column.partition(" ")[0] not in there:
                self._connection.execute(f"alter table {table} add column {column}")

    def forget_examples(self, sample_ids: Sequence[str]) -> None:
        """Take samples out of the examples of all questions, from the pages of the file too; what was paid stays."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.executemany("delete from example where sample_id = ?", [(each,) for each in sample_ids])
            cursor.execute("vacuum")
            cursor.execute("pragma wal_checkpoint(truncate)")

    def _refuse_crossing(self, cursor: sqlite3.Cursor, values: dict[str, str], more: float) -> None:
        for column, limit in self._limits.items():
            if limit is None:
                continue
            row = cursor.execute(f"select coalesce(sum(cost), 0) from call where {column} = ?", (values[column],))
            spent = row.fetchone()[0]
            if spent + more > limit:
                name = "max_cost_per_run" if column == "run_id" else "max_cost_per_month"
                raise OverBudget(
                    f"{spent:.6g} are spent and the next call may cost {more:.6g}, which could cross {name} "
                    f"{limit:g} of foundation_model; it is not made: raise {name}, or leave the rest to people"
                )

    def _rows(self, sql: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, closing(self._connection.cursor()) as cursor:
            return cursor.execute(sql, values).fetchall()

    def _change(self, sql: str, *values: object) -> None:
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute(sql, values)
