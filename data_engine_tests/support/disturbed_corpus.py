"""A finished corpus that is disturbed at random, step by step and without Dagster: what its checks refuse stays out.

Rows that no check may let through carry a word of their own, so that what they ended in can be told without asking the
engine: `poison` in deliveries with two rows of one id, which the raw index refuses, and `echo` in deliveries of one
text over and over, of which the first pass keeps too few.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from small_project import SmallProject, make_notes, notes_corpus

from data_engine.errors import DataEngineError
from data_engine.runtime.check_gate import CheckGate, run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS, JOBS, partition_column
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.staleness import is_stale
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import step_versions
from data_engine.storage import TableStore

#: What follows the check that refuses rows with a word.
AFTER_RAW_INDEX = ("first_pass", "embeddings", "tree_assignments", "balanced_subset", "proposals", "labels", "release")
AFTER_FIRST_PASS = AFTER_RAW_INDEX[1:]
_WHOLE_STEPS = (*JOBS["curate"], *JOBS["learn"], *JOBS["publish"])
_RULES = {"min_kept_share": 0.5}


class Killed(BaseException):
    """Stands for the death of the process: nothing of the engine catches it."""


@dataclass
class DisturbedCorpus:
    """A project with the finished corpus `notes`, and everything that was done to it.

    Attributes:
        project: The project.
        random: What chooses.
        patch: Undoes what stands for a kill.
        done: What was done, to be shown when something is wrong.
    """

    project: SmallProject
    random: Random
    patch: pytest.MonkeyPatch
    done: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=lambda: {"first_pass": dict(_RULES)})
    refused: dict[str, set[str]] = field(default_factory=lambda: {"poison": set(), "echo": set()})

    def runtime(self) -> CorpusRuntime:
        """The corpus as its YAML is now."""
        self.project.add(notes_corpus(Path("source"), **self.changes))
        return self.project.load().runtime("notes")

    def disturb(self) -> None:
        """Do one thing to the corpus, chosen at random."""
        choices: list[tuple[int, Callable[[], str]]] = [
            (3, self._deliver),
            (3, self._spoil),
            (2, self._mend),
            (3, self._kill),
            (3, self._one_step),
            (2, self._backfill),
            (2, self._edit),
            (4, self._run),
        ]
        action = self.random.choices([what for _, what in choices], [weight for weight, _ in choices])[0]
        self.done.append(action())
        self._remember()

    def wrong(self) -> list[str]:
        """Every table that holds a sample which the checks before it refused."""
        store = self.runtime().store()
        found = []
        for word, tables in (("poison", AFTER_RAW_INDEX), ("echo", AFTER_FIRST_PASS)):
            for table in tables:
                ids = set(store.read(table, columns=["sample_id"])["sample_id"].to_pylist())
                if ids & self.refused[word]:
                    found.append(f"{table} holds {len(ids & self.refused[word])} samples with {word}")
        released = [path for path in store.folder.glob("releases/*/*.jsonl") if _says(path, "poison", "echo")]
        return found + [str(path) for path in released]

    def unsettled(self) -> list[str]:
        """After a run that ended well: samples that are used though their batch is not open."""
        gate = CheckGate(self.runtime(), self.runtime().store(), "looking")
        at = {batch: version.table_version for batch, version in gate.accepted("embeddings").items()}
        opened = set(gate.store.read("embeddings", columns=["sample_id"], at=at)["sample_id"].to_pylist())
        used = {t: gate.store.read(t, columns=["sample_id"])["sample_id"].to_pylist() for t in AFTER_RAW_INDEX[2:]}
        return [
            f"{table} has {len(set(ids) - opened)} samples of no open batch"
            for table, ids in used.items()
            if set(ids) - opened
        ]

    def settle(self) -> bool:
        """Run whatever is missing or stale; returns whether all of it ended well."""
        runtime = self.runtime()
        fine = True
        for batch in sorted(batches_of(runtime)):
            fine &= self._stale_steps(runtime, BATCH_STEPS, batch)
        return self._stale_steps(runtime, _WHOLE_STEPS, "") and fine

    def _stale_steps(self, runtime: CorpusRuntime, steps: tuple[str, ...], batch: str) -> bool:
        for number, step in enumerate(steps):
            if is_stale(runtime, step, batch, versions=step_versions(runtime.store())):
                return all(self._materialize(runtime, later, batch) for later in steps[number:])
        return True

    def _materialize(self, runtime: CorpusRuntime, step: str, batch: str) -> bool:
        try:
            execute(runtime, step, batch, run_id=f"run {len(self.done)}")
            results = run_checks(runtime, runtime.store(), step, batch, run_id=f"run {len(self.done)}")
        except DataEngineError:
            return False
        return all(result.passed or not result.is_blocking for result in results)

    def _files(self) -> list[Path]:
        return sorted((self.project.folder / "source").glob("*.jsonl"))

    def _write(self, path: Path, rows: list[dict[str, str]]) -> None:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def _notes(self, n: int) -> list[dict[str, str]]:
        return make_notes(n, self.random.randrange(10**6))

    def _deliver(self) -> str:
        if self.random.random() < 0.5:
            path = self.project.folder / "source" / f"new{len(self.done)}.jsonl"
            self._write(path, self._notes(20))
            return f"deliver {path.name}"
        path = self.random.choice(self._files())
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in self._notes(5))
        return f"append to {path.name}"

    def _spoil(self) -> str:
        path = self.random.choice(self._files())
        if self.random.random() < 0.5:
            rows = [{**row, "text": f"poison {row['text']}"} for row in self._notes(20)]
            self._write(path, [*rows, {**rows[0], "text": "poison again"}])
            return f"two rows of one id in {path.name}"
        text = f"echo {self._notes(1)[0]['text']}"
        self._write(path, [{**row, "text": text} for row in self._notes(20)])
        return f"one text over and over in {path.name}"

    def _mend(self) -> str:
        spoilt = [path for path in self._files() if _says(path, "poison", "echo")] or self._files()
        path = self.random.choice(spoilt)
        self._write(path, self._notes(30))
        return f"mend {path.name}"

    def _kill(self) -> str:
        n, calls, write = self.random.randrange(12), 0, TableStore.write

        def killed_or_written(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > n:
                raise Killed
            return write(*arguments, **named)

        with self.patch.context() as patch:
            patch.setattr(TableStore, "write", killed_or_written)
            try:
                self.settle()
            except Killed:
                return f"killed before write {n + 1}"
        return f"not killed, only {calls} writes"

    def _one_step(self) -> str:
        step = self.random.choice([*BATCH_STEPS, *BATCH_STEPS, *_WHOLE_STEPS])
        runtime = self.runtime()
        batch = self.random.choice(sorted(batches_of(runtime))) if partition_column(step) else ""
        return f"{step} {batch} alone: {self._materialize(runtime, step, batch)}"

    def _backfill(self) -> str:
        runtime = self.runtime()
        batch = self.random.choice(sorted(batches_of(runtime)))
        return f"backfill {batch}: {[self._materialize(runtime, step, batch) for step in BATCH_STEPS]}"

    def _edit(self) -> str:
        self.changes = self.random.choice(
            [
                {"first_pass": dict(_RULES)},
                {"first_pass": {**_RULES, "min_chars": 40}},
                {"first_pass": dict(_RULES), "subset": {"target_size": 150}},
                {"first_pass": {"min_kept_share": 0.9}},
            ]
        )
        return f"edit the YAML: {self.changes}"

    def _run(self) -> str:
        return f"run: {'fine' if self.settle() else 'something is held'}"

    def _remember(self) -> None:
        """Note the ids of rows that must not pass, as the raw index and the first pass hold them now."""
        store = self.runtime().store()
        raw = store.read("raw_index", columns=["sample_id", "text"]).to_pylist()
        self.refused["poison"] |= {row["sample_id"] for row in raw if "poison" in (row["text"] or "")}
        self.refused["echo"] |= {row["sample_id"] for row in raw if (row["text"] or "").startswith("echo")}


def _says(path: Path, *words: str) -> bool:
    text = path.read_text("utf-8")
    return any(f'"{word} ' in text for word in words)
