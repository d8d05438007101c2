import json
from pathlib import Path

from written_steps import notes_runtime, write_step

from data_engine.runtime.amendments.unfinished_forgetting import (
    UnfinishedForgetting,
    begin_forgetting,
    end_forgetting,
)
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.forgotten import check_forgotten


def test_a_forgotten_sample_that_is_there_again_is_named_with_the_command_that_forgets_it(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [{"sample_id": "a", "uri": "a"}, {"sample_id": "b", "uri": "b"}], "may")
    stones = runtime.corpus_folder / "tombstones.json"
    assert list(check_forgotten(CheckedCorpus(runtime))) == []
    stones.write_text(json.dumps([{"sample_id": key, "at": "", "reason": "asked", "releases": []} for key in "bc"]))
    (finding,) = check_forgotten(CheckedCorpus(runtime))
    assert (finding.where, finding.what) == ("raw_index", "1 samples that were forgotten are there again, such as b")
    assert finding.remedy == "data-engine forget b --corpus notes --reason asked --yes && data-engine run notes"
    begin_forgetting(runtime, UnfinishedForgetting(("b", "c"), "asked for", ("may",), ""))
    begun, again = check_forgotten(CheckedCorpus(runtime))
    assert (begun.what, again) == ("a forgetting of 2 samples was broken off", finding)
    assert begun.remedy == "data-engine forget b c --corpus notes --reason 'asked for' --yes && data-engine run notes"
    end_forgetting(runtime)
    stones.write_text("[")
    (finding,) = check_forgotten(CheckedCorpus(runtime))
    assert finding.where == "notes/tombstones.json"
