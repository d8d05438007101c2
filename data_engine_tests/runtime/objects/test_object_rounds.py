import json
from types import SimpleNamespace

import numpy as np

from data_engine.runtime.objects.object_rounds import ObjectProposal, plan_object_batch
from data_engine.schemas import answer_text

IDS = [f"s{number:02}" for number in range(40)]
SIZES = SimpleNamespace(
    hold_out_size=12, query_batch_size=8, strategy="margin", audit_share=0.5, trap_share=0.3, doubtful_share=0.0
)


def answer(left: float) -> str:
    ring = [[left, 0], [left + 20, 0], [left + 20, 20], [left, 20]]
    return answer_text({"size": [40, 60], "objects": [{"class": "coin", "polygons": [ring]}]})


def plan(**changes):
    x = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    values = {"proposals": {}, "reviewed": {}, "hold_out_ids": [], "control_ids": [], "round_number": 0}
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return plan_object_batch(
        sample_ids=IDS, embeddings=x, settings=SIZES, classes=["coin", "ring"], **({"seed": 5} | values | changes)
    )


def test_the_first_round_shows_nothing() -> None:
    tasks = plan()
    assert {task.arm for task in tasks} == {"manual"}
    assert [task.purpose for task in tasks].count("hold_out") == 12
    assert all(task.proposed_answer is None and task.proposed_label is None for task in tasks)


def test_later_rounds_show_objects_and_traps_show_wrong_ones() -> None:
    reviewed = {key: answer(0) for key in IDS[:18]}
    proposals = {key: ObjectProposal(answer(0), 0.6 if key < "s20" else 0.5, key > "s30") for key in IDS}
    tasks = plan(round_number=1, reviewed=reviewed, proposals=proposals, hold_out_ids=IDS[:12], control_ids=[])
    shown = [task for task in tasks if task.proposed_answer is not None and task.arm != "trap"]
    assert shown and {task.proposed_answer for task in shown} == {answer(0)}
    traps = [task for task in tasks if task.arm == "trap"]
    assert traps and all(json.loads(task.proposed_answer)["objects"][0]["class"] == "ring" for task in traps)
    assert {task.sample_id for task in traps} <= set(IDS[12:18])
    audits = [task for task in tasks if task.purpose == "audit"]
    assert audits and all(task.arm == "blind" and task.sample_id > "s30" for task in audits)


def test_where_proposals_of_a_class_make_people_slower_most_of_them_are_hidden_and_some_still_shown() -> None:
    proposals = {key: ObjectProposal(answer(0), 0.6) for key in IDS}
    given = {"round_number": 1, "reviewed": {key: answer(0) for key in IDS[:12]}, "proposals": proposals}
    given["hold_out_ids"] = IDS[:12]
    arms = {}
    for name, slowed in (("helped", []), ("other", ["ring"]), ("slowed", ["coin"])):
        tasks = [task for seed in range(12) for task in plan(**given, without_help=slowed, seed=seed)]
        shown = [task for task in tasks if task.arm in ("proposed", "assisted")]
        assert all(task.proposed_answer for task in shown)
        arms[name] = len(shown) / len([task for task in tasks if task.purpose in ("query", "control")])
    assert arms["helped"] == arms["other"] > 0.5
    assert 0.05 < arms["slowed"] < 0.25
    hidden = [task for task in plan(**given, without_help=["coin"]) if task.arm == "manual"]
    assert hidden and all(task.proposed_answer is None and task.probability is None for task in hidden)
