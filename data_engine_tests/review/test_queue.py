"""The queue under concurrent use, kills, and random sequences of everything that clients do."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_engine.errors import InvalidInput, LeaseLost
from data_engine.review import NewTask, ReviewQueue

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
BATCH = {"corpus": "c", "question": "which?", "classes": ("a", "b"), "cause": "test", "now": NOON}


def answer_everything_twice(url, name):
    """Answer until nothing is left, sending each answer twice; (first answers, repeats)."""
    firsts = repeats = 0
    with ReviewQueue(url) as queue:
        while (lease := queue.next(name, now=NOON)) is not None:
            for _ in range(2):
                submitted = queue.submit(lease.lease_id, f"{name} {lease.lease_id}", label="a", now=NOON)
                firsts, repeats = firsts + (not submitted.is_repeat), repeats + submitted.is_repeat
    return firsts, repeats


@pytest.mark.parametrize(("n_tasks", "answers_per_task"), [(300, 1), (80, 2)])
def test_four_processes_that_send_everything_twice_give_each_task_its_answers(url, n_tasks, answers_per_task):
    n_answers = n_tasks * answers_per_task
    with ReviewQueue(url) as queue:
        tasks = [NewTask(f"s{i}", "query", "manual") for i in range(n_tasks)]
        queue.open_batch("b", tasks=tasks, answers_per_task=answers_per_task, **BATCH)
        with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
            counts = list(pool.map(answer_everything_twice, [url] * 4, ["ada", "bob", "eve", "mia"]))
        rows = queue.answers("b").to_pylist()
        progress = queue.progress("b")
    assert (sum(first for first, _ in counts), sum(repeat for _, repeat in counts)) == (n_answers, n_answers)
    assert len(rows) == n_answers
    assert set(Counter(row["task_id"] for row in rows).values()) == {answers_per_task}
    assert len({(row["task_id"], row["annotator"]) for row in rows}) == n_answers
    assert (progress.n_done, progress.is_answered) == (n_tasks, True)


KILLED_CLIENT = """
import sys, time
from datetime import UTC, datetime
import sqlalchemy as sa
from data_engine.review import ReviewQueue
from data_engine.review.queue_database import writing
from data_engine.review.queue_tables import batch, task

now = datetime(2024, 5, 1, 12, tzinfo=UTC)
queue = ReviewQueue(sys.argv[1])
for i in range(3):
    lease = queue.next("ada", now=now)
    queue.submit(lease.lease_id, f"ada {i}", label="a", now=now)
print(queue.next("ada", now=now).lease_id, flush=True)
if sys.argv[2] == "in a transaction":
    with writing(queue._engine) as connection:
        connection.execute(sa.update(task).values(n_answers=1, is_open=False))
        connection.execute(sa.update(batch).values(n_open=0))
        print("writing", flush=True)
        time.sleep(600)
print("waiting", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("when", ["with a lease", "in a transaction"])
def test_a_killed_client_loses_nothing_and_blocks_nobody(url, when):
    with ReviewQueue(url) as queue:
        queue.open_batch("b", tasks=[NewTask(f"s{i}", "query", "manual") for i in range(5)], **BATCH)
        command = [sys.executable, "-c", KILLED_CLIENT, url, when]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            held = client.stdout.readline().strip()
            client.stdout.readline()
            os.kill(client.pid, signal.SIGKILL)
        progress = queue.progress("b")
        assert (progress.n_done, progress.n_leased, progress.n_open) == (3, 1, 1)
        assert queue.next("bob", now=NOON).task.sample_id == "s4"
        later = NOON + timedelta(seconds=421)
        taken = {queue.next(name, now=later).task.sample_id for name in ("bob", "eve")}
        assert taken == {"s3", "s4"}
        for name in ("bob", "eve"):
            lease = queue.next(name, now=later)
            queue.submit(lease.lease_id, f"{name} {lease.lease_id}", label="b", now=later)
        with pytest.raises(LeaseLost, match="finished by others"):
            queue.submit(held, "ada late", label="a", now=later)
        assert sorted(queue.answers("b")["label"].to_pylist()) == ["a", "a", "a", "b", "b"]
        assert queue.progress("b").is_answered


class Client:
    """Does what it is told with a queue, and remembers what it was promised."""

    def __init__(self, queue, answers_per_task):
        self.queue, self.answers_per_task = queue, answers_per_task
        self.now, self.leases, self.accepted = NOON, [], {}

    def do(self, what, who, which):
        lease = self.leases[which % len(self.leases)] if self.leases else None
        if what == "wait":
            self.now += timedelta(seconds=40)
        elif what == "next":
            self._next(f"person {who}")
        elif lease is not None:
            try:
                getattr(self, f"_{what}")(lease)
            except LeaseLost:
                assert what != "submit" or lease.lease_id not in self.accepted

    def _next(self, name):
        lease = self.queue.next(name, now=self.now, lease_s=60)
        if lease is not None:
            assert (lease.task.task_id, name) not in self.accepted.values()
            self.leases.append(lease)

    def _renew(self, lease):
        assert self.queue.renew(lease.lease_id, now=self.now).expires_at == self.now + timedelta(seconds=60)

    def _release(self, lease):
        self.queue.release(lease.lease_id, reason="cannot tell", now=self.now)

    def _submit(self, lease):
        submitted = self.queue.submit(lease.lease_id, lease.lease_id, label="a", now=self.now)
        assert submitted.is_repeat is (lease.lease_id in self.accepted)
        self.accepted[lease.lease_id] = (lease.task.task_id, lease.annotator)

    def check(self):
        rows = self.queue.answers("b").to_pylist()
        given = [(row["task_id"], row["annotator"]) for row in rows]
        assert sorted(given) == sorted(self.accepted.values())
        per_task = Counter(task_id for task_id, _ in given)
        assert max(per_task.values(), default=0) <= self.answers_per_task
        n_done = sum(count == self.answers_per_task for count in per_task.values())
        progress = self.queue.progress("b", now=self.now)
        assert progress.n_done == n_done
        parts = (progress.n_done, progress.n_open, progress.n_leased, progress.n_undecided)
        assert min(parts) >= 0
        assert sum(parts) == progress.n_tasks
        assert progress.is_answered is (n_done == progress.n_tasks)
        kinds = [change.kind for change in self.queue.changes()]
        assert kinds == ["opened", "answered"][: 1 + progress.is_answered]


STEPS = st.tuples(
    st.sampled_from(["next", "next", "submit", "submit", "release", "renew", "wait"]),
    st.integers(0, 2),
    st.integers(0, 9),
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(steps=st.lists(STEPS, max_size=40), answers_per_task=st.integers(1, 2))
def test_whatever_clients_do_no_answer_is_lost_doubled_or_one_too_many(steps, answers_per_task):
    with tempfile.TemporaryDirectory() as folder, ReviewQueue(f"sqlite:///{Path(folder) / 'q.db'}") as queue:
        tasks = [NewTask(f"s{i}", "query", "manual") for i in range(3)]
        queue.open_batch("b", tasks=tasks, answers_per_task=answers_per_task, **BATCH)
        client = Client(queue, answers_per_task)
        for step in steps:
            client.do(*step)
        client.check()


def test_an_error_inside_the_block_still_closes_the_queue(url):
    with pytest.raises(InvalidInput), ReviewQueue(url) as queue:
        queue.progress("nothing")
    assert queue._is_closed
