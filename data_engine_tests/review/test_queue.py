"""The queue under concurrent use and kills; random sequences of all calls are in `test_queue_model.py`."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

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
    # PostgreSQL answers over a socket, so that as many calls take longer; what is tested is the same.
    n_tasks = n_tasks if url.startswith("sqlite") else n_tasks // 8
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


def test_an_error_inside_the_block_still_closes_the_queue(url):
    with pytest.raises(InvalidInput), ReviewQueue(url) as queue:
        queue.progress("nothing")
    assert queue._is_closed
