import json
from io import StringIO
from pathlib import Path

from rich.console import Console
from written_steps import notes_runtime

from data_engine.releasing.release_marks import mark_forgotten
from data_engine.terminal.releases.printing import print_releases


def _lines(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def _console() -> Console:
    return Console(file=StringIO(), width=200)


def test_without_a_release_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    console = _console()
    print_releases(notes_runtime(tmp_path), console=console)
    assert _lines(console) == ["no release yet; make one with data-engine run notes"]


def test_releases_come_in_the_order_in_which_they_were_made_with_their_folders(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    for release_id, n_samples, day in (("aa", 1200, "2026-03-02"), ("bb", 7, "2026-03-01")):
        folder = runtime.corpus_folder / "releases" / release_id
        folder.mkdir(parents=True)
        manifest = {"release_id": release_id, "n_samples": n_samples, "created_at": day}
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    console = Console(file=StringIO(), width=400)
    print_releases(runtime, console=console)
    said = _lines(console)
    assert said[0] == "bb 7 samples 2026-03-01"
    assert said[2] == "aa 1,200 samples 2026-03-02"
    assert said[1] == str(runtime.corpus_folder / "releases" / "bb")


def test_a_broken_manifest_is_one_sentence_and_the_other_releases_are_listed(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    texts = {"aa": "{", "bb": json.dumps({"n_samples": 2, "created_at": "2026-03-01"}), "cc": "{}", "dd": None}
    for release_id, text in texts.items():
        folder = runtime.corpus_folder / "releases" / release_id
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "manifest.json").write_text(text, "utf-8")
    console = Console(file=StringIO(), width=400)
    assert not print_releases(runtime, console=console)
    said = _lines(console)
    assert said[0] == "bb 2 samples 2026-03-01"
    for line, release_id in zip(said[2:], ("aa", "cc", "dd"), strict=True):
        path = runtime.corpus_folder / "releases" / release_id / "manifest.json"
        assert line.startswith(f"the manifest of release {release_id} at {path} cannot be read (")
        assert line.endswith("; restore that file from a backup, or remove the folder if nobody uses the release")


def test_a_release_that_was_made_anew_says_when_beside_the_time_of_the_first(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    folder = runtime.corpus_folder / "releases" / "aa"
    folder.mkdir(parents=True)
    anew = {"from": "bb", "at": "2026-05-01"}
    manifest = {"release_id": "aa", "n_samples": 3, "created_at": "2026-03-02", "made_anew": anew}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    mark_forgotten(runtime.corpus_folder, "aa", [{"sample_id": "s", "at": "2026-05-01", "reason": "asked"}])
    console = _console()
    print_releases(runtime, console=console)
    said = "aa 3 samples 2026-03-02 1 sample forgotten since, made anew without on 2026-05-01"
    assert _lines(console)[0] == said
