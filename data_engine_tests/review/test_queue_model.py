"""Random sequences of everything that people do with a queue, beside a model of it that fits on a page."""

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from data_engine.errors import InvalidInput, LeaseLost, NotFound
from data_engine.review import NewTask
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person
from data_engine.review.queue_audit import read_queue

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CLASSES = ("a", "b", "c")
LEASE_S = 420
SAMPLES = ("s0", "s1", "s2")
PEOPLE = tuple(Person(name, "annotator", "") for name in ("ada", "bob", "eve"))

who = st.sampled_from(PEOPLE)
label = st.sampled_from(CLASSES)
number = st.integers(0, 20)


class QueueModel(RuleBasedStateMachine):
    """People at one batch of three tasks.

    The model keeps what it was promised: `answers` by task and person, `decided` by sample, `drafts` by task and
    person, `submitted` by submission what was sent, `n_told` how often the batch's revision rose.
    """

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'q.db'}"
        self.queue = PersonQueue(self.url)
        self.now = NOON
        self.leases, self.answers, self.decided, self.drafts, self.submitted = [], {}, {}, {}, {}
        self.ids, self.n_told, self.expired, self.is_ended = {}, 0, False, False

    def teardown(self):
        try:
            assert read_queue(self.url, "c").problems == []
            told = Counter(change.kind for change in self.queue.changes())
            assert told["opened"] == 1 and told["answered"] <= 1
        finally:
            self.queue.close()
            self.folder.cleanup()

    @initialize(n_wanted=st.integers(1, 2))
    def open_the_batch(self, n_wanted):
        self.n_wanted = n_wanted
        tasks = [NewTask(name, "query", "manual") for name in SAMPLES]
        asked = {"corpus": "c", "question": "which?", "classes": CLASSES, "cause": "test", "now": NOON}
        self.queue.open_batch("b", tasks=tasks, answers_per_task=n_wanted, **asked)

    @rule(seconds=st.sampled_from([1, 60, LEASE_S + 1]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(person=who, n=st.sampled_from([1, 3]))
    def take(self, person, n):
        for lease in self.queue.take(person, corpus="c", n=n, now=self.now):
            assert (lease.task.sample_id, person.annotator) not in self.answers
            assert self._is_open(lease.task.sample_id)
            self._check_draft(person, lease)
            self.leases.append((person, lease))

    @precondition(lambda self: self.leases)
    @rule(which=number)
    def renew(self, which):
        person, lease = self._lease(which)
        try:
            until = self.queue.prolong(person, lease.lease_id, now=self.now).expires_at
        except LeaseLost:
            return
        assert until == self.now + timedelta(seconds=LEASE_S)
        assert self._is_open(lease.task.sample_id)

    @precondition(lambda self: self.leases)
    @rule(which=number)
    def give_back(self, which):
        person, lease = self._lease(which)
        self.queue.hand_back(person, lease.lease_id, now=self.now)

    @precondition(lambda self: self.leases)
    @rule(which=number)
    def skip(self, which):
        person, lease = self._lease(which)
        try:
            self.queue.skip(person, lease.lease_id, reason="cannot tell", now=self.now)
        except LeaseLost:
            assert (lease.task.sample_id, person.annotator) in self.answers

    @precondition(lambda self: self.leases)
    @rule(which=number, said=label)
    def answer_or_repeat(self, which, said):
        person, lease = self._lease(which)
        key, submission = (lease.task.sample_id, person.annotator), f"submission-{lease.lease_id}"
        if submission in self.submitted:
            self._repeat(person, lease, submission, said)
            return
        try:
            given = self.queue.answer(person, lease.lease_id, submission, label=said, comment="so", now=self.now)
        except LeaseLost:
            self.drafts[key] = {"label": said, "comment": "so"}
            self._check_draft(person, lease)
            return
        assert not given.is_repeat and key not in self.answers and self._is_open(key[0])
        self.answers[key] = said
        self.submitted[submission] = said
        self.ids[key] = given.annotation_id
        self.drafts.pop(key, None)
        self._check_draft(person, lease)

    def _repeat(self, person, lease, submission, said):
        if said == self.submitted[submission]:
            again = self.queue.answer(person, lease.lease_id, submission, label=said, now=self.now)
            assert again.is_repeat
            return
        with pytest.raises(InvalidInput, match="reopen annotation"):
            self.queue.answer(person, lease.lease_id, submission, label=said, now=self.now)

    @precondition(lambda self: self.leases)
    @rule(which=number, person=who)
    def nobody_uses_the_lease_of_somebody_else(self, which, person):
        holder, lease = self._lease(which)
        if person != holder:
            with pytest.raises(NotFound):
                self.queue.answer(person, lease.lease_id, "submission-of-another", label="a", now=self.now)

    @precondition(lambda self: self.answers)
    @rule(which=number, said=label)
    def reopen(self, which, said):
        key = sorted(self.answers)[which % len(self.answers)]
        person = next(each for each in PEOPLE if each.annotator == key[1])
        corrected = self.queue.revise(person, self.ids[key], label=said, now=self.now)
        assert corrected.is_repeat is (said == self.answers[key])
        self.n_told += said != self.answers[key]
        self.answers[key] = said

    @rule(sample=st.sampled_from(SAMPLES), said=label, by=st.sampled_from(["zoe", "kim"]))
    def decide(self, sample, said, by):
        is_new = self.decided.get(sample) != (said, by)
        assert self.queue.decide("b", sample, said, by=by, now=self.now) is is_new
        self.decided[sample] = (said, by)
        self.n_told += is_new

    @precondition(lambda self: self.leases)
    @rule(which=number, text=st.sampled_from(["hm", "which?", ""]))
    def begin_an_answer(self, which, text):
        person, lease = self._lease(which)
        sample = lease.task.sample_id
        try:
            self.queue.keep_draft(person, lease.task.task_id, {"comment": text}, now=self.now)
            assert self._is_open(sample)
        except LeaseLost:
            assert not self._is_open(sample)
        self.drafts.pop((sample, person.annotator), None)
        if text:
            self.drafts[sample, person.annotator] = {"comment": text}
        self._check_draft(person, lease)

    @rule()
    def the_batch_waits_for_too_long(self):
        found = self.queue.expire_batches("c", opened_before=self.now, now=self.now)
        assert found == (["b"] if not self.expired and self._open_samples() else [])
        self.expired = self.expired or bool(found)

    @rule()
    def somebody_else_opens_the_queue(self):
        self.queue.close()
        self.queue = PersonQueue(self.url)

    @precondition(lambda self: not self.is_ended and len(self.answers) > 2)
    @rule()
    def the_batch_is_ended(self):
        is_open = bool(self._open_samples())
        assert self.queue.end_batch("b", reason="enough", now=self.now) is is_open
        self.is_ended = True

    def _lease(self, which):
        return self.leases[which % len(self.leases)]

    def _is_open(self, sample):
        n_answers = sum(name == sample for name, _ in self.answers)
        return n_answers < self.n_wanted and sample not in self.decided and not self.is_ended

    def _open_samples(self):
        return [sample for sample in SAMPLES if self._is_open(sample)]

    @invariant()
    def the_queue_has_what_it_promised_and_no_more(self):
        rows = self.queue.answers("b").to_pylist()
        decisions = [row for row in rows if row["provenance"] == "adjudicated"]
        given = {(row["sample_id"], row["annotator"]): row["label"] for row in rows if row not in decisions}
        assert given == self.answers
        assert {row["sample_id"]: (row["label"], row["annotator"]) for row in decisions} == self.decided
        assert max(Counter(sample for sample, _ in given).values(), default=0) <= self.n_wanted

    @invariant()
    def its_figures_add_up(self):
        progress = self.queue.progress("b", now=self.now)
        parts = (progress.n_done, progress.n_open, progress.n_leased, progress.n_undecided)
        assert min(parts) >= 0 and sum(parts) == progress.n_tasks == len(SAMPLES)
        n_open = len(self._open_samples())
        assert self.queue.load("c", now=self.now).n_open == n_open
        assert progress.is_answered is (n_open == 0)
        assert progress.revision == 1 + self.n_told
        assert progress.has_expired is self.expired

    def _check_draft(self, person, lease):
        task_id = lease.task.task_id
        wanted = self.drafts.get((lease.task.sample_id, person.annotator))
        assert self.queue.drafts(person, [task_id]) == ({} if wanted is None else {task_id: wanted})


QueueModel.TestCase.settings = settings(
    max_examples=6, stateful_step_count=40, deadline=None, derandomize=True, database=None
)
test_whatever_people_do_the_queue_is_what_a_small_model_of_it_is = QueueModel.TestCase
