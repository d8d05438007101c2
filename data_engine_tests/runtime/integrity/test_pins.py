import json
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.pins import check_pins, mend_pins
from data_engine.storage import pin, pins


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "aa": {\n    "labels": 2\n  }\n}\n', "pins other versions for release aa than its manifest names"),
        ('{"aa": {"labels": 1}}', "is not in the form in which it was written"),
        ("{}", "release aa is not pinned: cleaning up may delete what it stands on"),
        ("[", "cannot be read"),
    ],
)
def test_pins_that_do_not_fit_are_named_and_written_anew_from_the_manifests(
    text: str, said: str, tmp_path: Path
) -> None:
    runtime = notes_runtime(tmp_path)
    for name, versions in (("aa", {"labels": 1}), ("bb", {"labels": 3})):
        folder = runtime.corpus_folder / "releases" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"n_samples": 1, "table_versions": versions}))
        pin(runtime.data_folder, "notes", name, versions)
    assert list(check_pins(CheckedCorpus(runtime))) == []
    (runtime.corpus_folder / "pins.json").write_text(text)
    found = list(check_pins(CheckedCorpus(runtime)))
    assert any(said in finding.what for finding in found), found
    assert {finding.remedy for finding in found} == {"data-engine check notes --mend-pins"}
    assert mend_pins(runtime) == 2
    assert pins(runtime.data_folder, "notes") == {"aa": {"labels": 1}, "bb": {"labels": 3}}


def test_a_release_that_stands_on_nothing_stays_so_and_one_that_is_gone_is_a_note(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    folder = runtime.corpus_folder / "releases" / "aa"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"n_samples": 1, "table_versions": {"labels": 1}}))
    pin(runtime.data_folder, "notes", "aa", {})
    pin(runtime.data_folder, "notes", "gone", {"labels": 1})
    (finding,) = check_pins(CheckedCorpus(runtime))
    assert (finding.severity, finding.what) == ("note", "pins versions for release gone, which is not there")
    mend_pins(runtime)
    assert pins(runtime.data_folder, "notes") == {"aa": {}}
