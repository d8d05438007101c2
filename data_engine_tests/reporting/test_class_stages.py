import numpy as np
import pyarrow as pa
import pytest

from data_engine.reporting.class_stages import class_stages, ratio_interval, slowed_classes
from data_engine.schemas import PROPOSALS, REVIEWED_LABELS, answer_text


def said(batch: str, sample: str, label: str, **row: object) -> dict:
    """An answer that is a class; of ann, who saw nothing, unless said otherwise."""
    given = {"annotation_id": f"{batch}{sample}{row.get('annotator')}", "task_id": sample, "purpose": "query"}
    given |= {"review_batch": batch, "sample_id": sample, "arm": "manual", "annotator": "ann", "provenance": "human"}
    given |= {"is_simulated": False, "revision": 1, "kind": "class", "answer": answer_text({"label": label})}
    return given | {"label": label} | row


def seen(batch: str, sample: str, label: str, proposed: str, **row: object) -> dict:
    """An answer of bob, who saw a proposal."""
    shown = {"arm": "proposed", "annotator": "bob", "proposed_answer": answer_text({"label": proposed})}
    return said(batch, sample, label, **(shown | row))


def reviewed(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=REVIEWED_LABELS)


def both(batch: str, n: int, n_right: int, label: str = "x") -> list[dict]:
    """So many samples that ann and bob answered, of which bob agrees about some."""
    first = [said(batch, f"{batch}{label}{i}", label) for i in range(n)]
    return first + [seen(batch, f"{batch}{label}{i}", label if i < n_right else "y", label) for i in range(n)]


def of_class(table: pa.Table, name: str = "x") -> dict:
    (found,) = [row for row in table.to_pylist() if row["class"] == name and not row["is_simulated"]]
    return found


LIMITS = {"classes": ("x", "y"), "target": 0.9, "margin": 0.05}


def test_a_class_enters_the_second_stage_by_its_lower_bound_and_leaves_it_beyond_a_margin() -> None:
    rows = both("r1", 20, 20)
    first = of_class(class_stages(reviewed(rows), None, **LIMITS))
    # Of 20 right ones the lower end is .861, which is no .9.
    assert (first["stage"], first["proposed_n"], first["proposed_changed_in"]) == ("manual", 20, None)
    assert first["proposed_low"] == pytest.approx(0.861, abs=1e-3)
    rows += both("r2", 40, 40)
    entered = of_class(class_stages(reviewed(rows), None, **LIMITS))
    assert (entered["stage"], entered["proposed_changed_in"]) == ("proposed", "r2")
    # What is y to bob and x to ann counts for y; the lower end of y is low, that of x trembles within the margin.
    trembling = of_class(class_stages(reviewed(rows + both("r3", 30, 30)), None, **LIMITS))
    assert (trembling["stage"], trembling["proposed_changed_in"]) == ("proposed", "r2")
    wrong = [said("r4", f"w{i}", "y") for i in range(20)] + [seen("r4", f"w{i}", "x", "x") for i in range(20)]
    left = of_class(class_stages(reviewed(rows + wrong), None, **LIMITS))
    assert (left["stage"], left["proposed_changed_in"]) == ("manual", "r4")
    other = of_class(class_stages(reviewed(rows), None, **LIMITS), "y")
    assert (other["stage"], other["proposed_low"], other["proposed_n"]) == ("manual", None, 0)


def test_between_the_limits_a_stage_stays_as_it_was() -> None:
    wrong = [said("r2", f"w{i}", "y") for i in range(4)] + [seen("r2", f"w{i}", "x", "x") for i in range(4)]
    once = of_class(class_stages(reviewed(both("r1", 60, 60) + wrong), None, **LIMITS))
    assert 0.85 < once["proposed_low"] < 0.9 and once["stage"] == "proposed"
    never = of_class(class_stages(reviewed([{**row, "review_batch": "r1"} for row in both("r1", 60, 60) + wrong]),
                                  None, **LIMITS))  # fmt: skip
    assert never["proposed_low"] == once["proposed_low"] and never["stage"] == "manual"


def test_what_needs_no_person_is_held_against_the_hold_out_and_falls_with_its_route() -> None:
    rows = [said("r1", f"h{i}", "x", purpose="hold_out") for i in range(60)]
    one = {"classifier_version": "v", "kind": "class", "probability": 0.9, "probabilities": b"", "uncertainty": 0.1}
    one |= {"utility": 0.0, "difficulty": "easy", "answer": answer_text({"label": "x"}), "reason": ""}

    def routed(to: str) -> pa.Table:
        return pa.Table.from_pylist([{**one, "sample_id": f"h{i}", "route": to} for i in range(60)], schema=PROPOSALS)

    entered = of_class(class_stages(reviewed(rows), routed("classifier"), **LIMITS))
    assert (entered["stage"], entered["automatic_n"], entered["automatic_changed_in"]) == ("gated", 60, "r1")
    shut = of_class(class_stages(reviewed(rows), routed("person"), **LIMITS))
    assert (shut["stage"], shut["automatic_n"]) == ("manual", 0)
    asked = [{**row, "purpose": "query"} for row in rows]
    assert of_class(class_stages(reviewed(asked), routed("classifier"), **LIMITS))["automatic_n"] == 0


def timed(batch: str, with_help: float, without: float, n: int = 40) -> list[dict]:
    rows = [said(batch, f"{batch}m{i}", "x", active_s=without + 0.1 * (i % 5)) for i in range(n)]
    return rows + [seen(batch, f"{batch}p{i}", "x", "x", active_s=with_help + 0.1 * (i % 5)) for i in range(n)]


def test_help_that_makes_people_slower_is_held_back_until_it_pays() -> None:
    slow = timed("r1", 9.0, 6.0)
    first = of_class(class_stages(reviewed(slow), None, **LIMITS))
    assert (first["seconds_with_help"], first["seconds_without_help"]) == (pytest.approx(9.2), pytest.approx(6.2))
    assert first["help_low"] < 9.2 / 6.2 < first["help_high"] and first["help_low"] > 1 and not first["is_helped"]
    assert slowed_classes(reviewed(slow)) == {"x"}
    # Most of the newest 200 of each arm are fast.
    again = slow + [row for batch in ("r2", "r3", "r4") for row in timed(batch, 3.0, 6.0, n=60)]
    assert slowed_classes(reviewed(again)) == frozenset()
    # The hold-out is always answered without help, so it is no arm of the experiment; nor have machines seconds.
    held = [{**row, "purpose": "hold_out"} for row in slow]
    assert slowed_classes(reviewed(held)) == frozenset() and slowed_classes(reviewed([])) == frozenset()


def test_a_class_in_the_second_stage_that_is_slower_with_help_is_in_the_first() -> None:
    rows = both("r1", 60, 60) + timed("r2", 9.0, 6.0)
    found = of_class(class_stages(reviewed(rows), None, **LIMITS))
    assert (found["stage"], found["proposed_changed_in"], found["is_helped"]) == ("manual", "r1", False)


def test_objects_count_by_their_class_with_their_own_seconds() -> None:
    def objects(*places: tuple[str, int], active_s: float) -> str:
        made = [
            {"class": name, "polygons": [[[x, 0], [x + 20, 0], [x + 20, 20], [x, 20]]], "active_s": active_s,
             "idle_s": 0, "waiting_s": 0}
            for name, x in places
        ]  # fmt: skip
        return answer_text({"size": [100, 100], "objects": made})

    of_objects = {"kind": "objects", "label": None}
    first = said("r", "a", "x") | of_objects | {"answer": objects(("x", 0), ("x", 40), ("y", 70), active_s=5)}
    second = seen("r", "a", "x", "x") | of_objects | {"answer": objects(("x", 1), ("y", 70), active_s=2)}
    table = class_stages(reviewed([first, second]), None, **LIMITS)
    x, y = of_class(table), of_class(table, "y")
    assert (x["stage"], x["proposed_n"], y["proposed_n"]) == ("assisted", 2, 1)
    assert (x["n_with_help"], x["n_without_help"], x["seconds_with_help"], y["n_with_help"]) == (1, 2, 2.0, 1)


def test_the_ratio_of_equal_seconds_has_no_width() -> None:
    assert ratio_interval(np.full(5, 3.0), np.full(7, 6.0)) == (pytest.approx(0.5), pytest.approx(0.5))
