"""Uses what CONTRIBUTING.md adds, in the copy of the package that PYTHONPATH names, and prints the outcomes as JSON.

A script of its own: the copy must not be imported beside the package that is tested.
"""

import json
import runpy
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from small_project import SmallProject, notes_corpus, write_notes

import data_engine

ROOT = Path(data_engine.__file__).resolve().parents[1]
BATCH = "may.jsonl"


class Additions:
    """One corpus whose YAML names every addition, and what each of them does there."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        self.project = SmallProject(folder)
        self.folder = folder
        write_notes(folder / "source", "may", 40, 1)
        with (folder / "source" / BATCH).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"id": "loud", "text": "READ THIS AT ONCE, BAKER OF BREAD"}) + "\n")
        changes: dict[str, Any] = {
            "encoder": "letter-counts",
            "subset": {"target_size": 20, "method": "outermost"},
            "first_pass": {"rules": {"shouting": 0.5}},
            "release": {"formats": ["arrow"]},
        }
        attributes = notes_corpus(folder / "source", **changes)
        attributes["labels"] = {**attributes["labels"], "strategy": "central", "model": "centroids"}  # type: ignore[dict-item]
        self.project.add(attributes)
        self.loaded = self.project.load()
        self.runtime = self.loaded.runtime("notes")

    def run_steps(self) -> None:
        """Carry out the steps that the outcomes below look at."""
        from data_engine.runtime.step_run import execute

        for step in ("raw_index", "word_counts", "first_pass", "embeddings"):
            execute(self.runtime, step, BATCH, run_id="one")

    def step(self) -> Any:
        from data_engine.runtime.check_gate import run_checks
        from data_engine.runtime.plan import BATCH_STEPS, JOBS, STEPS, WRITTEN_BY
        from data_engine.runtime.step_run import spec_of
        from data_engine.schemas import PARTITION_COLUMNS

        store = self.runtime.store()
        checks = run_checks(self.runtime, store, "word_counts", BATCH, run_id="one")
        rows = {row["uri"]: row["n_words"] for row in store.read("word_counts").to_pylist()}
        words = {row["uri"]: len(row["text"].split()) for row in store.read("raw_index").to_pylist()}
        graph = self.loaded.definitions.resolve_asset_graph()
        (node,) = [graph.get(key) for key in graph.get_all_asset_keys() if key.path[-1] == "word_counts"]
        table = runpy.run_path(str(ROOT / "scripts" / "pipeline_table"))
        return {
            "counts agree": rows == words,
            "n_rows": len(rows),
            "checks": [(result.name, result.passed, result.is_blocking) for result in checks],
            "asset": [
                sorted(key.path[-1] for key in node.parent_keys),
                sorted(key.name for key in node.check_keys),
                node.partitions_def is not None,
            ],
            "plan": [WRITTEN_BY["word_counts"], list(PARTITION_COLUMNS["word_counts"]), JOBS["ingest"][-1]],
            "is a step of a batch": "word_counts" in BATCH_STEPS and spec_of("word_counts") is STEPS["word_counts"],
            "row of the README": table["row"](STEPS["word_counts"]),
        }

    def rule(self) -> Any:
        from data_engine.filtering import FIRST_PASS_REASONS
        from data_engine.filtering.rules.registry import rules_of

        rejected = [row for row in self.runtime.store().read("first_pass").to_pylist() if row["reason"] == "shouting"]
        return {
            "listed": [rule.name for rule in rules_of("text")][-1],
            "reason": FIRST_PASS_REASONS["shouting"],
            "rejected": [(row["verdict"], row["score"], row["threshold"]) for row in rejected],
        }

    def encoder(self) -> Any:
        from data_engine.embedding import encoder_names
        from data_engine.quality import evaluate

        store = self.runtime.store()
        tables = {name: store.read(name) for name in ("embeddings", "first_pass")}
        results = evaluate("embeddings", tables, self.runtime.corpus)
        return {
            "versions": sorted(set(tables["embeddings"]["encoder_version"].to_pylist())),
            "failed": [result.name for result in results if not result.passed],
            "every norm is 1": next(result.passed for result in results if result.name == "every_norm_is_one"),
            "named": "letter-counts" in encoder_names("text"),
        }

    def query_strategy(self) -> Any:
        from data_engine.labeling import choose

        x = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
        rows = choose("central", batch_size=2, seed=0, embeddings=x, labelled=[0], labels=[0])
        return {"rows": rows.tolist(), "of the corpus": self.runtime.corpus.labels.strategy}

    def micro_model(self) -> Any:
        from data_engine.labeling import fit_model, load_model

        x = np.array([[1, 0], [0, 1]], dtype=np.float32)
        model = fit_model("centroids", x, np.arange(2), seed=0, n_classes=2).calibrate(x, np.arange(2))
        again = load_model(model.to_bytes())
        return {
            "classes": again.predict_proba(x).argmax(axis=1).tolist(),
            "of the corpus": self.runtime.corpus.labels.model,
        }

    def segmenter(self) -> Any:
        from data_engine.corpus.labels import Labels
        from data_engine.segmentation import load_segmenter

        segmenter = load_segmenter("superellipse")
        mask = segmenter.predict(np.zeros((9, 9, 3), dtype=np.uint8), [(1, 4), (4, 1), (8, 4), (4, 8)])
        labels = Labels(question="?", kind="objects", classes=("coin",), segmenter="superellipse")
        return {"version": segmenter.version, "n_inside": int(mask[4, 4]), "of the corpus": labels.segmenter}

    def method(self) -> Any:
        from data_engine.clustering import ClusterTree
        from data_engine.sampling import METHODS, select

        # Whatever the class is called that a subset is chosen from: it is what the step gives to `select`.
        candidates = next(v for k, v in select.__annotations__.items() if k not in ("method", "target_size", "seed"))
        x = np.array([[1, 0], [0.8, 0.6], [0, -1]], dtype=np.float32)
        tree = ClusterTree.from_centroids([np.ones((1, 2), dtype=np.float32)], [], np.zeros(3, dtype=np.int32))
        return {
            "rows": select("outermost", candidates(tree, x), 2, seed=0).tolist(),
            "of the corpus": [self.runtime.corpus.subset.method, METHODS["outermost"].meaning_for(0)],
        }

    def kind_of_source(self) -> Any:
        from data_engine.indexing import list_batches, read_batch
        from data_engine.indexing.source import Batches, Source

        folder = self.folder / "lines"
        folder.mkdir()
        (folder / "a.txt").write_text("first line\nsecond line\n", "utf-8")
        source = Source(kind="plain_lines", path=str(folder))
        (files,) = list_batches(source, Batches(), folder).values()
        return read_batch(source, files, batch="b", modality="text").select(["uri", "text", "error"]).to_pylist()

    def export_format(self) -> Any:
        import pandas as pd

        from data_engine.releasing import write_release
        from data_engine.schemas import RELEASE

        fillers: dict[pa.DataType, Any] = {pa.string(): "x", pa.int32(): 0, pa.float64(): 0.5, pa.bool_(): True}
        row = {field.name: fillers.get(field.type) for field in RELEASE} | {
            "sample_id": "s0",
            "label": "a",
            "labels_by_question": None,
            "objects": None,
        }
        row = {name: 0.5 if RELEASE.field(name).type == pa.float32() else value for name, value in row.items()}
        hashes = write_release(
            self.folder / "r1", pa.Table.from_pylist([row], schema=RELEASE), {}, "card", formats=["arrow"]
        )
        samples = pd.read_feather(self.folder / "r1" / "data.arrow")
        return {
            "files": sorted(hashes),
            "samples": samples[["sample_id", "label"]].to_dict("records"),
            "of the corpus": list(self.runtime.corpus.release.formats),
        }

    def check(self) -> Any:
        from data_engine.quality import CHECKS, evaluate
        from data_engine.schemas import DRIFT_REPORT

        row = {"batch": "b", "n_samples": 0, "n_reference": 5, "is_alarm": False, "sample_ids": [], "note": ""}
        tables = {"drift_report": pa.Table.from_pylist([row], schema=DRIFT_REPORT)}
        last = evaluate("drift_report", tables, self.runtime.corpus)[-1]
        return {
            "listed": CHECKS["drift_report"][-1].name,
            "result": [last.name, last.passed, last.is_blocking, list(last.offending), last.detail],
        }

    def sql_model(self) -> Any:
        from data_engine.runtime.sql_models import ask

        kept = self.runtime.store().read("first_pass").to_pylist()
        kept = [row for row in kept if row["verdict"] == "kept"]
        found = ask(self.runtime, "select * from characters_per_batch").to_pylist()
        counted = ask(self.runtime, "select count(*) as n from stg_word_counts").to_pylist()
        wanted = [{"batch": BATCH, "n_samples": len(kept), "n_chars": sum(row["n_chars"] for row in kept)}]
        return {"agrees": found == wanted, "rows": len(found), "word counts": counted}


def main() -> None:
    """Use everything; what fails is an outcome too."""
    outcomes: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "package": str(ROOT)}
    made = Additions(Path(sys.argv[1]))
    made.run_steps()
    uses: dict[str, Callable[[], Any]] = {
        "A step": made.step,
        "A rule": made.rule,
        "An encoder": made.encoder,
        "A query strategy": made.query_strategy,
        "A micro-model": made.micro_model,
        "A segmenter": made.segmenter,
        "A selection method": made.method,
        "A kind of source": made.kind_of_source,
        "An export format": made.export_format,
        "A check": made.check,
        "An SQL model": made.sql_model,
    }
    for title, use in uses.items():
        try:
            outcomes[title] = use()
        except Exception:
            outcomes[title] = traceback.format_exc()
    Path(sys.argv[2]).write_text(json.dumps(outcomes), "utf-8")


if __name__ == "__main__":
    main()
