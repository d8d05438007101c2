"""Small corpora and project folders, as a user would have them, for the tests of the whole graph."""

import json
import uuid
from io import StringIO
from pathlib import Path
from random import Random

import yaml
from rich.console import Console

from data_engine.orchestration.launch.project import Project

TOPICS = {
    "baking": "bread dough oven flour yeast crust loaf knead bake butter sugar pastry",
    "sailing": "boat sail wind harbour anchor mast tide rope deck hull crew island",
    "gardens": "soil seeds roses compost spade hedge lawn prune bulbs shade water herbs",
    "trains": "rails engine station platform whistle carriage signal tracks freight ticket tunnel bridge",
}
_LINKS = "the of and with near under before after every this our"


def make_notes(n: int, seed: int) -> list[dict[str, str]]:
    """n short texts, most of them about baking; each row has an id, a text and the topic it is about."""
    random = Random(seed)
    topics = random.choices(list(TOPICS), weights=[8, 4, 2, 1], k=n)
    rows = []
    for number, topic in enumerate(topics):
        words = [random.choice((TOPICS[topic] if i % 2 == 0 else _LINKS).split()) for i in range(random.randint(9, 15))]
        rows.append({"id": f"{seed}-{number}", "text": " ".join(words), "topic": topic})
    return rows


def write_notes(folder: Path, batch: str, n: int, seed: int) -> Path:
    """One JSONL file, which is one batch of the corpus `notes`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{batch}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in make_notes(n, seed)), "utf-8")
    return path


def notes_corpus(source: Path, **changes: object) -> dict[str, object]:
    """The YAML attributes of the corpus `notes`: three files, four topics, a simulated annotator, no weights."""
    attributes: dict[str, object] = {
        "name": "notes",
        "seed": 3,
        "source": {"kind": "jsonl", "path": str(source), "pattern": "*.jsonl", "id_column": "id"},
        "batches": {"by": "file"},
        "encoder": "hashed-ngrams",
        "tree": {"n_clusters": [60, 20, 8], "max_iterations": 10},
        "subset": {"target_size": 180},
        "labels": {
            "question": "What is this note about?",
            "classes": [*TOPICS, "other"],
            "other": "other",
            "hold_out_size": 50,
            "query_batch_size": 15,
            "rounds": 1,
            "target_precision": 0.9,
        },
        "review": {"simulated": [{"name": "reader", "error_rate": 0.0}]},
        "known_label_column": "topic",
        "drift": {"min_samples": 50},
    }
    return {**attributes, **changes}


class SmallProject:
    """A project folder with YAML files of its own, as a user would have it, and its own data and Dagster home."""

    said = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.module = f"corpora_{uuid.uuid4().hex}"
        (folder / self.module / "defs").mkdir(parents=True)
        (folder / self.module / "__init__.py").touch()
        (folder / self.module / "defs" / "__init__.py").touch()
        (folder / "pyproject.toml").write_text(
            f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{self.module}"\n', "utf-8"
        )

    def add(self, attributes: dict[str, object]) -> Path:
        """Add a corpus, which is a folder with one YAML file."""
        folder = self.folder / self.module / "defs" / str(attributes["name"])
        folder.mkdir(exist_ok=True)
        path = folder / "defs.yaml"
        component = {"type": "data_engine.orchestration.component.CorpusComponent", "attributes": attributes}
        path.write_text(yaml.safe_dump(component, sort_keys=False), "utf-8")
        return path

    def load(self) -> Project:
        """Load the project afresh, as a new command would."""
        return Project(self.folder)

    def run(self, corpus: str, *only: str) -> str:
        """`data-engine run`, and what it printed."""
        from data_engine.orchestration.launch.commands import run_corpus

        console = Console(file=StringIO(), width=110, highlight=False)
        run_corpus(self.load(), corpus, console=console, only=only)
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    def change(self, corpus: str, **changes: object) -> None:
        """Change attributes of a corpus' YAML; a mapping is laid over the block that is there, None takes a key out."""
        path = self.folder / self.module / "defs" / corpus / "defs.yaml"
        component = yaml.safe_load(path.read_text("utf-8"))
        attributes = component["attributes"]
        for name, value in changes.items():
            laid = {**attributes.get(name, {}), **value} if isinstance(value, dict) else value
            if isinstance(laid, dict):
                laid = {key: each for key, each in laid.items() if each is not None}
            attributes[name] = laid
        path.write_text(yaml.safe_dump(component, sort_keys=False), "utf-8")

    def release(self, corpus: str) -> str:
        """The id of the newest release, which is a hash of its rows."""
        from data_engine.terminal.run_summary import newest_release

        newest = newest_release(self.load().runtime(corpus))
        assert newest is not None
        return newest.name
