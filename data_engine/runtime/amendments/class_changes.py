"""Changed classes: the queue is told of them, answers follow, and samples without a class are asked about again.

What a name of earlier is called now is decided in `data_engine.review.class_names`; rounds are in `review_rounds.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from data_engine.labeling.answers.object_forms import classes_in
from data_engine.runtime.amendments.counted_answers import all_that_count
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import open_questions, payloads_of

if TYPE_CHECKING:
    from data_engine.review import ReviewQueue
    from data_engine.review.class_names import ClassChange

_FIRST = {"hold_out": 3, "audit": 2}


def follow_classes(runtime: CorpusRuntime) -> list[str]:
    """Tell the queue the classes of the corpus, where they changed; every open batch asks with them from now on.

    Returns: sentences about what changed and what that does to answers; none where nothing did.
    """
    corpus = runtime.corpus
    with runtime.queue() as queue:
        change = queue.follow_classes(corpus.name, corpus.class_names, dict(corpus.labels.renamed), now=queue.clock())
        if change is None:
            return []
        said = _sentences(change, _names_given(runtime, queue))
        n_off = _call_off(runtime, queue)
    if n_off:
        are = "task that asked again is" if n_off == 1 else "tasks that asked again are"
        said.append(f"{n_off} open {are} called off, because earlier answers count again")
    return said


def ask_again(runtime: CorpusRuntime) -> tuple[str, int, int] | None:
    """Open a review batch about the samples whose answers are all kept aside because their class was removed.

    Returns: its id, its number of tasks, and of how many such samples outside the subset it does not ask; None where
        there is nothing to ask again.
    """
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    corpus = runtime.corpus
    with runtime.queue() as queue:
        wanted, n_outside = _to_ask_again(runtime, queue)
        if not wanted:
            return None
        tables, ids = accepted_tables(runtime, run_id="review"), [sample_id for sample_id, _ in wanted]
        payloads = payloads_of(tables, ids, with_sizes=corpus.asks_for_objects)
        known = {batch.batch_id for batch in queue.batches(corpus.name)}
        batch_id = next_batch_id(corpus.name, "again", known)
        tasks = [
            NewTask(
                sample_id=sample_id,
                purpose=purpose,
                arm="blind" if purpose == "audit" else "manual",
                payload=payloads[sample_id],
                priority=_FIRST.get(purpose, 1),
            )
            for sample_id, purpose in wanted
        ]
        open_questions(runtime, queue, batch_id, tasks, cause="the class of their answers was removed")
    return batch_id, len(wanted), n_outside


def _to_ask_again(runtime: CorpusRuntime, queue: "ReviewQueue") -> tuple[list[tuple[str, str]], int]:
    """Samples of the subset and the purposes of their tasks that have answers and none that counts, in order.

    And the number of such samples outside the subset.
    """
    gate = CheckGate(runtime, runtime.store(), "review")
    version = gate.latest("balanced_subset", "")
    if version is None or gate.refusal(version):
        return [], 0
    aside, counted = set(), set()
    for table, rows in all_that_count(runtime, queue).values():
        counted |= _keys(table.to_pylist())
        aside |= _keys(rows)
    if not aside - counted:
        return [], 0
    tasks = queue.tables(runtime.corpus.name)["review_task"].to_pylist()
    is_open = _keys(row for row in tasks if row["is_open"])
    chosen = set(
        accepted_tables(runtime, run_id="review").read("balanced_subset", columns=["sample_id"])[0].to_pylist()
    )
    left = sorted(key for key in aside - counted - is_open if key[1] != "trap")
    return [key for key in left if key[0] in chosen], len({sample_id for sample_id, _ in left} - chosen)


def _call_off(runtime: CorpusRuntime, queue: "ReviewQueue") -> int:
    """Withdraw open tasks that ask again about samples whose earlier answers count again."""
    from data_engine.review.class_names import is_again

    name = runtime.corpus.name
    counted = {
        key
        for batch_id, (table, _) in all_that_count(runtime, queue).items()
        if not is_again(batch_id, name)
        for key in _keys(table.to_pylist())
    }
    needless = [
        row["task_id"]
        for row in queue.tables(name)["review_task"].to_pylist()
        if is_again(row["review_batch"], name) and row["is_open"] and _key(row) in counted
    ]
    queue.call_off(needless, reason="the class of its earlier answers is back", now=queue.clock())
    return len(needless)


def _names_given(runtime: CorpusRuntime, queue: "ReviewQueue") -> Counter[str]:
    tables = [queue.answers(batch.batch_id) for batch in queue.batches(runtime.corpus.name)]
    if runtime.corpus.asks_for_objects:
        return Counter(
            name for table in tables for answer in table["answer"].to_pylist() for name in classes_in(answer)
        )
    return Counter(label for table in tables for label in table["label"].to_pylist() if label is not None)


def _sentences(change: "ClassChange", given: Mapping[str, int]) -> list[str]:
    """One sentence for each class that has another name, went, came back or is new."""

    def n_given(name: str, *, before: bool) -> int:
        renames, classes = (change.renames_before, change.before) if before else (change.renames, change.now)
        return sum(n for label, n in given.items() if renames.name_now(label, classes) == name)

    said = []
    heirs = {name: change.renames.name_now(name, change.now) for name in change.before}
    for name, heir in heirs.items():
        n_before = n_given(name, before=True)
        if heir is None and n_before == 0:
            said.append(f"class {name!r} is removed; nobody had answered it")
        elif heir is None:
            said.append(
                f"class {name!r} is removed: its {_answers(n_before, 'is kept', 'are kept')} and "
                f"{'counts' if n_before == 1 else 'count'} again when it is put back; those of its samples that are in "
                "the subset are asked about again"
            )
        elif heir != name:
            follows = f"its {_answers(n_before, 'follows', 'follow')}" if n_before else "nobody had answered it"
            said.append(f"class {name!r} is now {heir!r}: {follows}")
    for name in change.now:
        if name not in change.before and name not in heirs.values():
            n = n_given(name, before=False)
            is_back = f"class {name!r} is back: its {_answers(n, 'counts', 'count')} again"
            said.append(is_back if n else f"class {name!r} is new: open review batches offer it")
    return said


def _answers(n: int, one: str, many: str) -> str:
    return f"{n:,} answer {one}" if n == 1 else f"{n:,} answers {many}"


def _keys(rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {_key(row) for row in rows}


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["sample_id"], row["purpose"]
