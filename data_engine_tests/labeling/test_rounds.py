from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from data_engine.corpus import Labels
from data_engine.errors import InvalidInput
from data_engine.labeling import STRATEGIES, hold_out_size, least_hold_out, plan_review_batch
from data_engine.labeling.rounds import PlannedTask

NAMES = ("a", "b", "c")
SETTINGS = Labels(
    question="Which?", classes=NAMES, hold_out_size=50, query_batch_size=20, audit_share=0.1, trap_share=0.2
)


def plan(data, **changes) -> tuple[PlannedTask, ...]:
    arguments = {
        "round_number": 0,
        "sample_ids": data.ids,
        "embeddings": data.x,
        "probabilities": None,
        "proposed": None,
        "gate_accepts": None,
        "reviewed": {},
        "hold_out_ids": set(),
        "control_ids": set(),
        "settings": SETTINGS,
        "class_names": NAMES,
        "seed": 5,
    }
    return plan_review_batch(**arguments | changes)


def later_round(data) -> dict:
    """The state after a first round: 50 held out, 20 + 20 answered, a classifier that is sure of every third."""
    first = plan(data)
    number = {sample_id: index for index, sample_id in enumerate(data.ids)}
    confidence = np.where(np.arange(len(data.ids)) % 3 == 0, 0.98, 0.5)
    probabilities = np.repeat(((1 - confidence) / 2)[:, None], 3, axis=1)
    probabilities[np.arange(len(data.ids)), data.y] = confidence
    return {
        "round_number": 1,
        "probabilities": probabilities,
        "proposed": probabilities.argmax(axis=1),
        "gate_accepts": confidence > 0.9,
        "reviewed": {task.sample_id: int(data.y[number[task.sample_id]]) for task in first},
        "hold_out_ids": {task.sample_id for task in first if task.purpose == "hold_out"},
        "control_ids": {task.sample_id for task in first if task.purpose == "control"},
    }


def test_the_first_batch_has_a_hold_out_and_query_and_control_batches_of_equal_size(make_classes) -> None:
    tasks = plan(make_classes(300, 3))
    assert Counter(task.purpose for task in tasks) == {"hold_out": 50, "query": 20, "control": 20}
    assert {(task.arm, task.proposed_label, task.probability) for task in tasks} == {("manual", None, None)}
    assert len({task.sample_id for task in tasks}) == 90
    assert [task.purpose for task in tasks[:50]] == ["hold_out"] * 50


def test_the_hold_out_is_at_most_a_third_of_the_pool_and_says_so(make_classes) -> None:
    assert hold_out_size(1000, 300).size == 300
    assert hold_out_size(1000, 300).note == "the hold-out has 300 of 1000 samples"
    assert hold_out_size(100, 300).size == 33
    assert "33 of 100 samples instead of 300" in hold_out_size(100, 300).note
    assert Counter(task.purpose for task in plan(make_classes(60, 3)))["hold_out"] == 20


def test_later_batches_ask_only_about_new_samples_and_add_audits_and_traps(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data)
    tasks = plan(data, **state)
    counts = Counter(task.purpose for task in tasks)
    asked = {task.sample_id for task in tasks if task.purpose != "trap"}
    accepted_and_new = {i for i, ok in zip(data.ids, state["gate_accepts"], strict=True) if ok} - set(state["reviewed"])
    others = {task.sample_id for task in tasks if task.purpose in ("query", "control")}
    assert (counts["hold_out"], counts["query"], counts["control"], counts["trap"]) == (0, 20, 20, 4)
    assert counts["audit"] == np.ceil(0.1 * len(accepted_and_new - others))
    assert not asked & set(state["reviewed"])
    assert {task.arm for task in tasks if task.purpose == "audit"} == {"blind"}
    assert {task.sample_id for task in tasks if task.purpose == "audit"} <= accepted_and_new


def test_traps_propose_a_wrong_label_for_answered_samples_outside_the_hold_out(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data)
    traps = [task for task in plan(data, **state) if task.purpose == "trap"]
    number = {sample_id: index for index, sample_id in enumerate(data.ids)}
    assert len(traps) == 4
    for trap in traps:
        assert trap.arm == "trap"
        assert trap.sample_id in set(state["reviewed"]) - state["hold_out_ids"]
        assert trap.proposed_label in NAMES
        assert trap.proposed_label != NAMES[state["reviewed"][trap.sample_id]]
        assert trap.probability == pytest.approx(state["probabilities"][number[trap.sample_id]].max())


def test_traps_without_probabilities_are_wrong_too(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data) | {"probabilities": None}
    traps = [task for task in plan(data, **state) if task.purpose == "trap"]
    assert len(traps) == 4
    assert all(trap.proposed_label != NAMES[state["reviewed"][trap.sample_id]] for trap in traps)
    assert {trap.probability for trap in traps} == {None}


def test_the_arms_are_drawn_in_their_shares_and_carry_the_proposal(make_classes) -> None:
    data = make_classes(3000, 3)
    state = later_round(data) | {"settings": SETTINGS.model_copy(update={"query_batch_size": 1000})}
    tasks = [task for task in plan(data, **state) if task.purpose in ("query", "control")]
    shares = {arm: n / len(tasks) for arm, n in Counter(task.arm for task in tasks).items()}
    assert shares == {arm: pytest.approx(share, abs=0.03) for arm, share in
                      {"manual": 0.2, "assisted": 0.2, "proposed": 0.4, "blind": 0.2}.items()}  # fmt: skip
    assert all((task.proposed_label is None) == (task.arm == "manual") for task in tasks)
    assert all((task.probability is None) == (task.arm == "manual") for task in tasks)


def test_the_order_of_the_input_does_not_matter_and_the_seed_does(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data)
    order = np.random.default_rng(1).permutation(300)
    shuffled = {name: state[name][order] for name in ("probabilities", "proposed", "gate_accepts")}
    again = plan(data, **state | shuffled, sample_ids=[data.ids[row] for row in order], embeddings=data.x[order])
    assert again == plan(data, **state)
    assert plan(data, **state, seed=6) != plan(data, **state)


def test_the_control_batch_is_drawn_without_a_look_at_the_classifier(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data)
    flipped = state | {"probabilities": np.roll(state["probabilities"], 1, axis=0)}

    def control(changes: dict) -> set[str]:
        return {task.sample_id for task in plan(data, **changes) if task.purpose == "control"}

    assert control(state) == control(flipped)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_can_open_the_first_batch_and_the_next(strategy: str, make_classes) -> None:
    data = make_classes(300, 3)
    settings = SETTINGS.model_copy(update={"strategy": strategy})
    assert len(plan(data, settings=settings)) == 90
    assert Counter(task.purpose for task in plan(data, **later_round(data), settings=settings))["query"] == 20


def test_batches_shrink_with_the_pool_until_nothing_is_left(make_classes) -> None:
    data = make_classes(61, 3)
    settings = SETTINGS.model_copy(update={"query_batch_size": 15, "trap_share": 0.0})
    reviewed: dict[str, int] = {}
    hold_out: set[str] = set()
    sizes = []
    for round_number in range(4):
        tasks = plan(data, round_number=round_number, settings=settings, reviewed=reviewed, hold_out_ids=hold_out)
        counts = Counter(task.purpose for task in tasks)
        sizes.append((counts["hold_out"], counts["query"], counts["control"]))
        reviewed |= {task.sample_id: 0 for task in tasks}
        hold_out |= {task.sample_id for task in tasks if task.purpose == "hold_out"}
    assert sizes == [(20, 15, 15), (0, 6, 5), (0, 0, 0), (0, 0, 0)]
    assert plan(data, reviewed=reviewed, hold_out_ids=hold_out, settings=settings) == ()


@pytest.mark.parametrize(
    ("n_pool", "n_held", "n_more"), [(300, 49, 1), (300, 50, 0), (110, 33, 3), (30, 9, 1), (30, 10, 0)]
)
def test_a_hold_out_that_has_become_too_small_gets_the_rest(
    make_classes, n_pool: int, n_held: int, n_more: int
) -> None:
    data = make_classes(n_pool, 3)
    held = set(data.ids[:n_held])
    tasks = plan(data, reviewed=dict.fromkeys(held, 0), hold_out_ids=held)
    more = {task.sample_id for task in tasks if task.purpose == "hold_out"}
    assert (len(more), more & held) == (n_more, set())
    assert n_held + n_more == least_hold_out(n_pool, SETTINGS.hold_out_size)


def test_the_rest_of_a_hold_out_is_no_more_than_the_samples_never_asked_about(make_classes) -> None:
    data = make_classes(90, 3)
    tasks = plan(data, reviewed=dict.fromkeys(data.ids[:85], 0), hold_out_ids=set(data.ids[:10]))
    assert Counter(task.purpose for task in tasks)["hold_out"] == 5


def test_an_empty_pool_and_a_pool_of_one_are_no_errors(make_classes) -> None:
    none, one = make_classes(0, 3), make_classes(1, 3)
    assert plan(none) == ()
    assert [(task.sample_id, task.purpose) for task in plan(one)] == [("s0000", "query")]


def test_answers_of_samples_that_left_the_pool_are_ignored(make_classes) -> None:
    data = make_classes(100, 3)
    assert plan(data, hold_out_ids={"gone"}, reviewed={"gone": 1}) == plan(data, hold_out_ids={"lost"})


def test_tasks_are_frozen_and_repeated_ids_or_wrong_shapes_are_refused(make_classes) -> None:
    data = make_classes(10, 3)
    assert replace(plan(data)[0], priority=9).priority == 9
    with pytest.raises(InvalidInput, match="1 repeated ids of 10"):
        plan(data, sample_ids=[*data.ids[:9], data.ids[0]])
    with pytest.raises(InvalidInput, match="embeddings has 9 rows but 10 are needed"):
        plan(data, embeddings=data.x[:9])
    with pytest.raises(InvalidInput, match=r"gate_accepts has shape \(3,\)"):
        plan(data, gate_accepts=np.zeros(3, dtype=bool))
    with pytest.raises(InvalidInput, match="reviewed has the value 3"):
        plan(data, reviewed={"s0001": 3})


def test_a_first_guess_is_queried_by_and_proposes_nothing(make_classes) -> None:
    data = make_classes(300, 3)
    doubtful = np.arange(0, 300, 3)
    guess = np.where(np.isin(np.arange(300), doubtful)[:, None], [1 / 3] * 3, [0.98, 0.01, 0.01])
    settings = SETTINGS.model_copy(update={"strategy": "margin"})
    tasks = plan(data, settings=settings, first_guess=guess)
    asked = [data.ids.index(task.sample_id) for task in tasks if task.purpose == "query"]
    assert len(asked) == 20
    assert set(asked) <= set(doubtful.tolist())
    assert {task.proposed_label for task in tasks} == {None}
    order = np.random.default_rng(0).permutation(300)
    shuffled = plan(
        data,
        sample_ids=[data.ids[row] for row in order],
        embeddings=data.x[order],
        settings=settings,
        first_guess=guess[order],
    )
    assert shuffled == tasks


def test_samples_that_the_data_label_are_asked_about_for_the_hold_out_alone_and_are_no_traps(make_classes) -> None:
    data = make_classes(300, 3)
    given = {sample_id: int(label) for sample_id, label in list(zip(data.ids, data.y, strict=True))[:200]}
    first = plan(data, given=given)
    by_purpose = {name: {task.sample_id for task in first if task.purpose == name} for name in ("hold_out", "query")}
    assert len(by_purpose["hold_out"]) == 50
    assert by_purpose["hold_out"] & given.keys()
    assert not {task.sample_id for task in first if task.purpose != "hold_out"} & given.keys()
    later = later_round(data)
    traps = {task.sample_id for task in plan(data, **later, given=given) if task.purpose == "trap"}
    assert traps and traps <= later["reviewed"].keys()
    with pytest.raises(InvalidInput, match="given has the value 7"):
        plan(data, given={data.ids[0]: 7})


def test_a_share_of_the_labels_in_doubt_is_asked_about_again_without_being_shown(make_classes) -> None:
    data = make_classes(300, 3)
    state = later_round(data)
    answered = [sample_id for sample_id in state["reviewed"] if sample_id not in state["hold_out_ids"]]
    settings = SETTINGS.model_copy(update={"doubtful_share": 0.15, "trap_share": 0.0})
    tasks = plan(data, **state, settings=settings, doubted=answered)
    again = [task for task in tasks if task.purpose == "doubtful"]
    assert {task.sample_id for task in again} == set(answered[:3])
    assert {(task.arm, task.proposed_label, task.probability) for task in again} == {("manual", None, None)}
    asked_about = [task.sample_id for task in tasks if task.purpose != "doubtful"]
    doubted = [asked_about[0], answered[0]]
    tasks = plan(data, **state, settings=settings, doubted=doubted)
    assert [task.sample_id for task in tasks if task.purpose == "doubtful"] == [answered[0]]


def test_the_query_goes_by_classifiers_drawn_of_the_one_in_service(make_classes) -> None:
    data = make_classes(300, 3)
    asked: list[int] = []

    def draw(rows: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
        asked.append(len(rows))
        return np.full((n_draws, len(rows), 3), 1 / 3)

    settings = SETTINGS.model_copy(update={"strategy": "bald"})
    plan(data, **later_round(data), settings=settings, draw=draw)
    assert asked and sum(asked) <= 300 - 50 - 40
