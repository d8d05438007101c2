"""Every guide is carried out as it stands: its commands in order, its YAML laid over what `add` wrote."""

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from drawn_images import disc
from small_project import make_notes

from data_engine.cli import main

GUIDES = Path(__file__).resolve().parents[1] / "docs" / "guides"
#: Commands that wait for a person.
_FOR_PEOPLE = ("data-engine review", "data-engine ui")
#: Trained encoders take a minute to begin; what is tried here are the guides.
_WITHOUT_WEIGHTS = {"all-MiniLM-L6-v2": "hashed-ngrams", "efficientnet-lite0": "colour-and-gradient-histograms"}


def _letters(folder: Path) -> None:
    rows = make_notes(160, 0)
    with (folder / "letters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _photos(folder: Path) -> None:
    for number in range(40):
        kind = "cats" if number % 2 else "dogs"
        (folder / "photos" / kind).mkdir(parents=True, exist_ok=True)
        disc("red" if number % 2 else "blue", radius=12 + number).save(folder / "photos" / kind / f"{number}.png")


def _notes(folder: Path) -> None:
    lines = [json.dumps(row) for row in make_notes(160, 1)]
    (folder / "notes.jsonl").write_text("\n".join([*lines, *lines[:20]]) + "\n", "utf-8")


#: What lies beside the new project, and what the last command of the guide has to print.
#: Its steps are clicks and keys, which the browser tests take.
OF_CLICKS = {"answering_on_the_review_page"}

DATA: dict[str, tuple[Callable[[Path], None], str]] = {
    "csv_with_labels": (_letters, "baking"),
    "images_in_class_folders": (_photos, "release"),
    "duplicates_gone_and_balanced": (_notes, "exact_duplicate"),
}


def test_every_guide_is_carried_out() -> None:
    assert {path.stem for path in GUIDES.glob("*.md")} - OF_CLICKS == set(DATA)


@pytest.mark.parametrize("name", DATA)
def test_a_guide_runs_from_its_first_command_to_its_last(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, last_words = DATA[name]
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = ""
    blocks = re.findall(r"^```(yaml)?\n(.*?)^```", (GUIDES / f"{name}.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for language, block in blocks:
        if language == "yaml":
            _lay(yaml.safe_load(block))
            continue
        for line in block.splitlines():
            if line.startswith("cd "):
                os.chdir(line.removeprefix("cd "))
                monkeypatch.syspath_prepend(str(Path.cwd()))
            elif not line.startswith(_FOR_PEOPLE):
                said = _gives(line)
    assert last_words in said


def _gives(line: str) -> str:
    """What a command prints; the encoders that it names are ones without weights."""
    words = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line)]
    assert words[0] == "data-engine"
    done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, f"{line}: {done.output}"
    for path in Path.cwd().glob("*/defs/*/defs.yaml"):
        text = path.read_text("utf-8")
        for weights, without in _WITHOUT_WEIGHTS.items():
            text = text.replace(weights, without)
        path.write_text(text, "utf-8")
    return done.output


def _lay(changes: dict[str, dict[str, object]]) -> None:
    """Lay a block of YAML over the attributes of the corpus that the guide added."""
    (path,) = (path for path in Path.cwd().glob("*/defs/*/defs.yaml") if path.parent.name != "example")
    component = yaml.safe_load(path.read_text("utf-8"))
    attributes = component["attributes"]
    for name, value in changes.items():
        attributes[name] = {**attributes.get(name, {}), **value}
    path.write_text(yaml.safe_dump(component, sort_keys=False), "utf-8")
