"""Planning a review batch: whom to ask about which sample, why, and with how much help. Pure: nothing is written."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.inputs import Draw, Floats, Integers, class_indices, class_probabilities, matrix
from data_engine.labeling.provenance import drawn_arm
from data_engine.labeling.strategies.registry import choose

_LEAST_HOLD_OUT = 50
_PRIORITIES = {"hold_out": 3, "audit": 2, "query": 1, "control": 1, "doubtful": 1, "trap": 1}
"""The hold-out first, because nothing can be trusted without it; traps hide among the queries."""


class RoundSettings(Protocol):
    """Sizes, shares and strategy of a round, as the corpus' block `labels` has them."""

    @property
    def hold_out_size(self) -> int:
        """Samples wanted for the hold-out."""

    @property
    def query_batch_size(self) -> int:
        """Samples of the query batch, and of the control batch."""

    @property
    def strategy(self) -> str:
        """Name of the query strategy."""

    @property
    def audit_share(self) -> float:
        """Share of what the gate would accept that goes to blind review."""

    @property
    def trap_share(self) -> float:
        """Traps, as a share of the query batch."""

    @property
    def doubtful_share(self) -> float:
        """Labels that are looked at again, as a share of the query batch."""


@dataclass(frozen=True)
class PlannedTask:
    """One question of a review batch.

    `proposed_label` and `probability` are the classifier's in the arms that involve a proposal (a blind task hides
    it), and None in the manual arm; of other kinds than classes `proposed_answer` stands in the place of the label. A
    trap proposes a known-wrong label with the probability of the real proposal, so that the number does not give it
    away.
    """

    sample_id: str
    purpose: str
    arm: str
    proposed_label: str | None
    probability: float | None
    priority: int
    proposed_answer: str | None = None


@dataclass(frozen=True)
class HoldOutSize:
    """How many hold-out samples a pool can spare; `note` says so when it is fewer than wanted."""

    size: int
    wanted: int
    note: str


@dataclass(frozen=True, eq=False)
class _State:
    """The pool in the order of its ids. `is_free`: never asked about. `top`: classifier's class, -1 without one."""

    ids: NDArray[np.str_]
    embeddings: Floats
    probabilities: Floats | None
    top: Integers
    gate_accepts: NDArray[np.bool_]
    known_class: Integers
    is_free: NDArray[np.bool_]
    is_hold_out: NDArray[np.bool_]
    class_names: tuple[str, ...]
    without_help: frozenset[str]
    seed: int
    round_number: int

    def generator(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(hashed(self.seed, self.round_number, purpose))

    def without(self, rows: Integers) -> "_State":
        is_free = self.is_free.copy()
        is_free[rows] = False
        return replace(self, is_free=is_free)


def hold_out_size(n_pool: int, wanted: int) -> HoldOutSize:
    """The hold-out of a pool of n_pool samples: as many as wanted, but at most a third, or little is left to learn."""
    size = min(wanted, n_pool // 3)
    note = f"the hold-out has {size} of {n_pool} samples"
    if size < wanted:
        note += f" instead of {wanted}: at most a third is held out; the gate certifies less, so enlarge the subset"
    return HoldOutSize(size, wanted, note)


def least_hold_out(n_pool: int, wanted: int) -> int:
    """How many answered hold-out samples a classifier needs before anything stands on it."""
    return min(_LEAST_HOLD_OUT, hold_out_size(n_pool, wanted).size)


def plan_review_batch(
    *,
    round_number: int,
    sample_ids: Sequence[str],
    embeddings: Floats,
    probabilities: Floats | None,
    proposed: Integers | None,
    gate_accepts: NDArray[np.bool_] | None,
    reviewed: Mapping[str, int],
    hold_out_ids: Collection[str],
    control_ids: Collection[str],
    settings: RoundSettings,
    class_names: Sequence[str],
    seed: int,
    kind: str = CLASS,
    given: Mapping[str, int] | None = None,
    first_guess: Floats | None = None,
    doubted: Sequence[str] = (),
    draw: Draw | None = None,
    without_help: Collection[str] = (),
) -> tuple[PlannedTask, ...]:
    """The tasks of the next review batch.

    Until there is a hold-out, the batch draws one at random (see `hold_out_size`). Where it has become too small,
    because the pool has grown or samples have left (see `least_hold_out`), the batch draws the rest from samples never
    asked about; earlier queries took uncertain ones out of these, so an enlarged hold-out may be slightly too easy.

    Every batch has a control batch and a query batch of equal size. The control batch is drawn first and at random from
    the samples never asked about: query and control then start from the same samples each round, so their labels can be
    compared, and every control label is one that the query strategy had no part in. (Drawing it from all samples, and
    counting those that earlier queries answered, would mix the two.) Audits re-check blindly what the gate would
    accept; traps propose a wrong label for samples whose label is known.

    Args:
        round_number: 0 for the first batch; part of every random draw.
        sample_ids: the n ids of the pool, distinct, in any order.
        embeddings: (n, dim) unit rows.
        probabilities: (n, n_classes) of the classifier in service; None before there is one.
        proposed: (n,) proposed class numbers; None for the most probable ones, or when there is no classifier.
        gate_accepts: (n,) bool, what the gate would accept; None for nothing.
        reviewed: agreed class number of every sample answered so far; the hold-out may be among them.
        hold_out_ids: samples ever drawn for the hold-out that can still be learnt from, inside the pool or not.
        control_ids: samples ever drawn for a control batch.
        settings: sizes, shares and strategy.
        class_names: the classes.
        seed: of everything random.
        given: class number of every sample that the data give a label and nobody answered. They are not asked about,
            but for the hold-out, which is drawn of all samples; strategies know them as labelled, traps leave them.
        kind: of the answers, see `answers.registry`; it makes the wrong proposals of the traps.
        first_guess: (n, n_classes) probabilities that the query goes by before there is a classifier; nothing is
            proposed by them.
        doubted: samples whose label looks wrong, the least credible first. A share of them is asked about again,
            whatever has been answered before, and nothing is shown of the label.
        draw: of the classifier in service, for strategies that compare several; see `strategies.registry.choose`.
        without_help: classes whose proposals make people slower; most of their tasks show none.

    Returns: tasks in the order to ask, purposes mixed; fewer when the pool runs out, none when nothing is left.
    Raises: InvalidInput for repeated ids, or shapes and class numbers that do not match.
    """
    state = _state(
        round_number, sample_ids, embeddings, probabilities, proposed, gate_accepts, reviewed, hold_out_ids,
        control_ids, class_names, without_help, seed,
    )  # fmt: skip
    hold_out = control = state.ids[:0].astype(np.int64)
    if not hold_out_ids or len(set(hold_out_ids)) < least_hold_out(len(state.ids), settings.hold_out_size):
        n_wanted = hold_out_size(len(state.ids), settings.hold_out_size).size - len(set(hold_out_ids))
        hold_out = _draw(state, min(n_wanted, int(state.is_free.sum())), "hold_out")
        state = state.without(hold_out)
    state, answered = _with_given(state, given or {}), state
    n_free = int(state.is_free.sum())
    control = _draw(state, min(settings.query_batch_size, n_free // 2), "control")
    state = state.without(control)
    guess = state.probabilities
    if guess is None and first_guess is not None:
        guess = class_probabilities(first_guess, n_rows=len(sample_ids), n_classes=len(class_names))[
            np.argsort(np.array(sample_ids, dtype=np.str_))
        ]
    query = _query(state, guess, min(settings.query_batch_size, n_free - len(control)), settings.strategy, draw)
    state = state.without(query)
    audit = _audit(state, settings.audit_share)
    traps = _trap_rows(answered, ceil(settings.trap_share * len(query)))
    tasks = [_task(state, int(row), "hold_out", "manual") for row in hold_out]
    tasks += [_task(state, int(row), "control", _arm(state, int(row))) for row in control]
    tasks += [_task(state, int(row), "query", _arm(state, int(row))) for row in query]
    tasks += [_task(state, int(row), "audit", "blind") for row in audit]
    tasks += [_trap(state, answer_kind(kind), int(row)) for row in traps]
    tasks += _doubtful(doubted, ceil(settings.doubtful_share * len(query)), {task.sample_id for task in tasks})
    return tuple(sorted(tasks, key=lambda task: (-task.priority, hashed(seed, round_number, task.sample_id, "order"))))


def _state(
    round_number: int,
    sample_ids: Sequence[str],
    embeddings: Floats,
    probabilities: Floats | None,
    proposed: Integers | None,
    gate_accepts: NDArray[np.bool_] | None,
    reviewed: Mapping[str, int],
    hold_out_ids: Collection[str],
    control_ids: Collection[str],
    class_names: Sequence[str],
    without_help: Collection[str],
    seed: int,
) -> _State:
    """Everything checked and brought into the order of the ids, so that the order of the input does not matter."""
    ids = np.array(sample_ids, dtype=np.str_)
    n, n_classes = len(ids), len(class_names)
    if len(set(sample_ids)) < n:
        raise InvalidInput(f"sample_ids has {n - len(set(sample_ids))} repeated ids of {n}; give each sample once")
    order = np.argsort(ids)
    x = matrix(embeddings, "embeddings", n_rows=n)[order]
    top = np.full(n, -1)
    if probabilities is not None:
        probabilities = class_probabilities(probabilities, n_rows=n, n_classes=n_classes)[order]
        top = probabilities.argmax(axis=1)
    if proposed is not None:
        top = class_indices(proposed, "proposed", n_rows=n, n_classes=n_classes)[order]
    accepts = np.zeros(n, dtype=bool) if gate_accepts is None else np.asarray(gate_accepts, dtype=bool)
    if accepts.shape != (n,):
        raise InvalidInput(f"gate_accepts has shape {accepts.shape}; give one bool for each of the {n} samples")
    known = np.array([reviewed.get(sample_id, -1) for sample_id in ids[order].tolist()], dtype=np.int64)
    class_indices(known[known != -1], "reviewed", n_classes=n_classes)
    hold_out, asked = set(hold_out_ids), {*hold_out_ids, *control_ids, *reviewed}
    return _State(
        ids=ids[order],
        embeddings=x,
        probabilities=probabilities,
        top=top,
        gate_accepts=accepts[order],
        known_class=known,
        is_free=np.array([sample_id not in asked for sample_id in ids[order].tolist()], dtype=bool),
        is_hold_out=np.array([sample_id in hold_out for sample_id in ids[order].tolist()], dtype=bool),
        class_names=tuple(class_names),
        without_help=frozenset(without_help),
        seed=seed,
        round_number=round_number,
    )


def _with_given(state: _State, given: Mapping[str, int]) -> _State:
    """The samples that the data label are labelled, and not asked about."""
    if not given:
        return state
    classes = np.array([given.get(sample_id, -1) for sample_id in state.ids.tolist()], dtype=np.int64)
    class_indices(classes[classes != -1], "given", n_classes=len(state.class_names))
    is_new = (classes >= 0) & (state.known_class < 0)
    known = np.where(is_new, classes, state.known_class)
    return replace(state.without(np.flatnonzero(is_new)), known_class=known)


def _draw(state: _State, n_wanted: int, purpose: str) -> Integers:
    return state.generator(purpose).choice(np.flatnonzero(state.is_free), size=n_wanted, replace=False)


def _query(state: _State, probabilities: Floats | None, n_wanted: int, strategy: str, draw: Draw | None) -> Integers:
    """What the strategy picks of the free samples, knowing the answered ones outside the hold-out."""
    is_answered = (state.known_class >= 0) & ~state.is_hold_out
    rows = np.flatnonzero(state.is_free | is_answered)
    labelled = np.flatnonzero(is_answered[rows])
    chosen = choose(
        strategy,
        batch_size=n_wanted,
        seed=hashed(state.seed, state.round_number, "query") % 2**32,
        embeddings=state.embeddings[rows],
        labelled=labelled,
        labels=state.known_class[rows][labelled],
        probabilities=None if probabilities is None else probabilities[rows],
        class_names=state.class_names,
        draw=draw,
    )
    return rows[chosen]


def _audit(state: _State, share: float) -> Integers:
    """A random share of the free samples that the gate would accept, rounded up."""
    accepted = np.flatnonzero(state.is_free & state.gate_accepts & (state.top >= 0))
    return state.generator("audit").choice(accepted, size=ceil(share * len(accepted)), replace=False)


def _trap_rows(state: _State, n_wanted: int) -> Integers:
    """Random answered samples outside the hold-out; none before there are proposals to hide among."""
    known = np.flatnonzero((state.known_class >= 0) & ~state.is_hold_out & (state.top >= 0))
    return state.generator("trap").choice(known, size=min(n_wanted, len(known)), replace=False)


def _doubtful(doubted: Sequence[str], n_wanted: int, others: Collection[str]) -> list[PlannedTask]:
    """The first of these that the batch does not ask about for another reason; nothing shows the label."""
    again = [sample_id for sample_id in doubted if sample_id not in others][:n_wanted]
    return [PlannedTask(each, "doubtful", "manual", None, None, _PRIORITIES["doubtful"]) for each in again]


def _arm(state: _State, row: int) -> str:
    """The arm of a query or control task, by a hash of seed, round and sample; manual where nothing is proposed."""
    if state.top[row] < 0:
        return "manual"
    position = hashed(state.seed, state.round_number, state.ids[row], "arm") / 2**64
    return drawn_arm(position, is_helped=state.class_names[state.top[row]] not in state.without_help)


def _task(state: _State, row: int, purpose: str, arm: str) -> PlannedTask:
    sample_id, top = str(state.ids[row]), int(state.top[row])
    if arm == "manual" or top < 0:
        return PlannedTask(sample_id, purpose, arm, None, None, _PRIORITIES[purpose])
    label = state.class_names[top]
    return PlannedTask(sample_id, purpose, arm, label, _probability(state, row), _PRIORITIES[purpose])


def _trap(state: _State, kind: AnswerKind, row: int) -> PlannedTask:
    """A task that proposes a wrong answer, as credible as its kind can make it."""
    answer = kind.wrong_answer(
        kind.from_label(state.class_names[int(state.known_class[row])]),
        state.class_names,
        probabilities=None if state.probabilities is None else state.probabilities[row],
        draw=hashed(state.seed, state.round_number, state.ids[row], "trap"),
    )
    task = PlannedTask(str(state.ids[row]), "trap", "trap", kind.label_of(answer), None, _PRIORITIES["trap"])
    return replace(task, probability=_probability(state, row))


def _probability(state: _State, row: int) -> float | None:
    return None if state.probabilities is None else float(state.probabilities[row, state.top[row]])


def hashed(*parts: object) -> int:
    """64 bits that depend on nothing but the parts."""
    return int.from_bytes(hashlib.sha256("\x00".join(map(str, parts)).encode()).digest()[:8], "big")
