"""What card, manifest and report say comes from the tables, whatever the YAML says by the time they are written."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_project import TOPICS, SmallProject, notes_corpus

from data_engine.errors import ChecksFailed
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute

_LABELS: dict[str, Any] = dict(notes_corpus(Path("source"))["labels"])  # type: ignore[call-overload]
#: Everything that a card, a manifest or a report could copy, without the steps between running again.
_EDITED: dict[str, object] = {
    "encoder": "an-encoder-that-never-ran",
    "source": {"kind": "jsonl", "path": "source", "pattern": "*.never-read.jsonl", "id_column": "id"},
    "seed": 77,
    "tree": {"n_clusters": [11, 7, 3], "max_iterations": 3},
    "drift": {"min_samples": 50, "alarm_p": 0.321},
    "first_pass": {"min_chars": 3},
    "labels": {
        **_LABELS,
        "target_precision": 0.61,
        "confidence": 0.71,
        "rounds": 9,
        "query_batch_size": 13,
    },
}


def _published(runtime: CorpusRuntime) -> tuple[str, dict[str, Any], str]:
    """The card without what differs from run to run, the manifest and the report."""
    (folder,) = (runtime.corpus_folder / "releases").iterdir()
    card = (folder / "README.md").read_text("utf-8").splitlines()
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    page = (runtime.corpus_folder / "reports" / "report.html").read_text("utf-8")
    changing = ("created ", "| run |", "| table ")
    return (
        "\n".join(line for line in card if not any(word in line for word in changing)),
        manifest,
        page,
    )


def test_a_yaml_edited_after_the_run_says_nothing_in_what_is_published_anew(finished: SmallProject) -> None:
    before = _published(finished.load().runtime("notes"))
    assert before[1]["configuration"]["encoder_version"] == "hashed-ngrams-256-1"
    assert "review" not in before[1]["configuration"]
    finished.add({**notes_corpus(Path("source")), **_EDITED})
    runtime = finished.load().runtime("notes")
    (folder,) = (runtime.corpus_folder / "releases").iterdir()
    shutil.rmtree(folder)
    for step in ("quality_report", "release"):
        execute(runtime, step, run_id="by-hand")
    card, manifest, page = _published(runtime)
    assert card == before[0]
    assert manifest["configuration"] == before[1]["configuration"]
    assert manifest["release_id"] == before[1]["release_id"]
    # Where the lines of a plot run is no statement; its words and its text are looked at.
    page = re.sub(r' (d|x|y|transform|viewBox)="[^"]*"', "", page)
    for edited in ("an-encoder-that-never-ran", "never-read", "0.321", "61.0", "71.0"):
        assert edited not in card + page + json.dumps(manifest)
    for kept in ("hashed-ngrams", "90.0"):
        assert kept in page


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": {**_LABELS, "classes": [*TOPICS, "other", "a class of tomorrow"]}},
        {"labels": {**_LABELS, "classes": [name for name in TOPICS if name != "sailing"], "other": None}},
        {"subset": {"target_size": 100}},
    ],
)
def test_classes_and_targets_that_the_tables_do_not_have_are_not_published_at_all(
    finished: SmallProject, changes: dict[str, object]
) -> None:
    page = finished.load().runtime("notes").corpus_folder / "reports" / "report.html"
    before = page.read_text("utf-8")
    finished.add(notes_corpus(Path("source"), **changes))
    runtime = finished.load().runtime("notes")
    for step in ("quality_report", "release"):
        with pytest.raises(ChecksFailed, match="is held back by its checks"):
            execute(runtime, step, run_id="by-hand")
    assert page.read_text("utf-8") == before


def test_a_release_is_not_published_with_a_report_of_other_labels(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    execute(runtime, "balanced_subset", run_id="by-hand", settings={"subset": {"method": "random"}})
    for step in ("proposals", "labels"):
        execute(runtime, step, run_id="by-hand")
    with pytest.raises(ChecksFailed, match=r"quality_report was made of other rows of .* materialize quality_report"):
        execute(runtime, "release", run_id="by-hand")
