from io import StringIO

from rich.console import Console

from data_engine.orchestration.launch.run_plan import RunPlan
from data_engine.runtime.changes.differences import Difference
from data_engine.terminal.run_plan import print_plan


def _said(plan: RunPlan, width: int = 60) -> list[str]:
    console = Console(file=StringIO(), width=width)
    print_plan(plan, console=console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_where_nothing_differs_one_line_says_so() -> None:
    assert _said(RunPlan()) == ["nothing differs since the last run; every step is up to date"]


def test_differences_and_steps_are_named_and_no_name_is_broken_in_a_narrow_terminal() -> None:
    name = "a/" * 60 + "x.jsonl"
    plan = RunPlan(
        differences=[Difference("setting", "subset.target_size", "180", "90"), Difference("file", name, "", "new")],
        certain={"balanced_subset": [], "raw_index": ["may", "june", "july"], "first_pass": ["may"]},
        following=["sql models", "labels"],
        notes=["the source no longer has april"],
    )
    assert _said(plan, width=20) == [
        "what differs since the last run",
        "  setting  subset.target_size  180 -> 90",
        f"  file     {name}  new",
        "  done anew: raw_index (3 batches), first_pass (may), balanced_subset",
        "  then, where what they read changes: labels, sql models",
        "  the source no longer has april",
    ]


def test_of_very_many_differences_the_first_are_named_and_the_rest_counted() -> None:
    plan = RunPlan(
        differences=[Difference("file", f"{n}.txt", "", "new") for n in range(30)], certain={"raw_index": []}
    )
    said = _said(plan, width=200)
    assert "  file     7.txt  new" in said
    assert "  file     8.txt  new" not in said
    assert "  file     and 22 more; --format json of `data-engine plan` names all" in said


def test_another_encoder_is_in_the_first_line() -> None:
    change = Difference("setting", "encoder", "hashed-ngrams", "all-MiniLM-L6-v2")
    said = _said(RunPlan(differences=[change], certain={"embeddings": ["may"]}), width=200)
    assert said[0].startswith("the encoder differs since the last run, hashed-ngrams -> all-MiniLM-L6-v2: every sample")


def test_a_first_plan_says_that_everything_is_to_be_done_and_what_waits_for_people() -> None:
    said = _said(RunPlan(is_first=True, certain={"raw_index": ["may"]}, waiting=["classifier"]), width=200)
    assert said == [
        "nothing has been taken in yet: everything is to be done",
        "  to be done: raw_index (may)",
        "  once people have answered: classifier",
    ]
