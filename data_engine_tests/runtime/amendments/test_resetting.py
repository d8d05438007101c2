"""Making a corpus new: what goes, what stays, and that answers go only where that was asked for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, take_in

from data_engine.review import NewTask
from data_engine.runtime.amendments.resetting import reset_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage import pins

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """A corpus with tables, a release, a file of its own and one answer; another corpus with one answer."""
    made = notes_runtime(tmp_path)
    take_in(made, "may", [{"sample_id": "a", "text": "a"}])
    for name in ("releases/1/manifest.json", "foundation_model/calls.db", "mine.txt", "reports/report.html"):
        path = made.corpus_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    with made.queue() as queue:
        for corpus in ("notes", "others"):
            task = NewTask("a", "query", "manual")
            queue.open_batch(corpus, corpus=corpus, question="?", classes="ab", tasks=[task], cause="c", now=NOW)
            lease = queue.next("ada", now=NOW, corpus=corpus)
            assert lease is not None
            queue.submit(lease.lease_id, corpus, label="a", now=NOW)
    return made


def _n_answers(runtime: CorpusRuntime) -> tuple[int, int]:
    with runtime.queue() as queue:
        return queue.count_answers("notes"), queue.count_answers("others")


def test_what_was_made_goes_and_releases_answers_and_unknown_files_stay(runtime: CorpusRuntime) -> None:
    planned = reset_of(runtime)
    assert planned.told(with_answers=False) == [
        "of notes goes: tables, reports; the next run makes it anew from the source",
        "kept: 1 answer in the review queue, which the next run takes over again",
        "kept: the answers that a foundation model was paid for, of all questions",
        "kept: the files of 1 release",
    ]
    planned.carry_out(with_answers=False)
    left = {path.name for path in runtime.corpus_folder.iterdir() if path.name[0] != "."}
    assert left == {"foundation_model", "mine.txt", "pins.json", "releases"}
    # What the release stood on is gone, and new tables begin with the same numbers.
    assert pins(runtime.data_folder, "notes") == {"1": {}}
    assert _n_answers(runtime) == (1, 1)


def test_answers_of_this_corpus_alone_go_where_that_is_asked_for(runtime: CorpusRuntime) -> None:
    planned = reset_of(runtime)
    assert "1 answer and all review batches of notes GO TOO" in planned.told(with_answers=True)[1]
    planned.carry_out(with_answers=True)
    assert _n_answers(runtime) == (0, 1)
