"""CorpusRuntime: paths, tables, review queue and versions of one corpus.

What its steps are is in `plan.py`; one run of one of them is a `step_run.StepRun`.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput, SourceMissing
from data_engine.indexing.source import refuse_own_place
from data_engine.places.kinds import is_local
from data_engine.places.object_store import reach
from data_engine.places.place import place
from data_engine.runtime.code_fingerprint import code_fingerprint
from data_engine.runtime.plan import JOBS, STEPS, WRITTEN_BY, spec_of
from data_engine.runtime.versions import fingerprint
from data_engine.shipped import shipped_sql
from data_engine.storage.question_tables import QUESTIONS

if TYPE_CHECKING:
    from upath import UPath

    from data_engine.quality import CheckResult
    from data_engine.review import ReviewQueue
    from data_engine.storage import TableStore

#: Where the search for a step's code ends: what tables and settings are has versions of its own, and what carries a
#: step out decides nothing of its result.
_NO_CODE_OF_A_STEP = (
    "data_engine.compute",
    "data_engine.corpus",
    "data_engine.errors",
    "data_engine.places",
    "data_engine.quality",
    "data_engine.runtime.check_gate",
    "data_engine.runtime.check_inputs",
    "data_engine.runtime.code_fingerprint",
    "data_engine.runtime.corpus_runtime",
    "data_engine.runtime.plan",
    "data_engine.runtime.progress",
    "data_engine.runtime.step_run",
    "data_engine.runtime.versions",
    "data_engine.schemas",
    "data_engine.settings",
    "data_engine.storage",
)

#: What reads the tables of a step: the order of rows is decided there.
_CODE_OF_EVERY_STEP = ("data_engine.runtime.step_inputs", "data_engine.runtime.embeddings")


@dataclass(frozen=True)
class CorpusRuntime:
    """One corpus at work.

    Attributes:
        corpus: Its description.
        project_folder: Folder that relative paths start from.
        reads_only: Whether the review queue is only looked at.
        shared: The corpus with all its questions, where this is one of several; its steps before the questions are
            read, and never run, by a question.
    """

    corpus: Corpus
    project_folder: Path
    reads_only: bool = False
    shared: "CorpusRuntime | None" = None

    @property
    def data_folder(self) -> Path:
        """Where tables, reports and releases of all corpora are; `DATA_ENGINE_DATA` overrides it, also by a URL."""
        return place(os.environ.get("DATA_ENGINE_DATA") or self.project_folder / "data")

    @property
    def corpus_folder(self) -> Path:
        """Where everything of this corpus is, or of this question of one.

        Raises: StorageError where it is behind a URL and the store cannot be used.
        """
        if self.shared is not None:
            return self.shared.corpus_folder / QUESTIONS / self.question
        reach(self.data_folder)
        return self.data_folder / self.corpus.name

    @property
    def question(self) -> str:
        """The name of this one of several questions; empty for a whole corpus."""
        return "" if self.shared is None else self.corpus.name.rpartition(".")[2]

    @cached_property
    def questions(self) -> "tuple[CorpusRuntime, ...]":
        """Each of several questions as a corpus that asks nothing else, in order; none where there are not several."""
        return tuple(self.of_question(question.name) for question in self.corpus.questions)

    @property
    def asking(self) -> "tuple[CorpusRuntime, ...]":
        """What asks people: each of several questions, or the corpus itself; nothing where it asks none."""
        return self.questions or ((self,) if self.corpus.has_labels else ())

    def of_question(self, name: str) -> "CorpusRuntime":
        """One of several questions as a corpus that asks nothing else. Raises: InvalidInput for another name."""
        return CorpusRuntime(self.corpus.of_question(name), self.project_folder, self.reads_only, shared=self)

    def one_question(self, name: str = "") -> "CorpusRuntime":
        """What is asked: of several questions the one of this name, or the only one; else the corpus itself.

        Raises: InvalidInput where several questions are asked and none is named, or the name is none of theirs.
        """
        if name and self.shared is None:
            return self.of_question(name)
        if len(self.questions) <= 1:
            return self.questions[0] if self.questions else self
        known = ", ".join(each.corpus.name for each in self.questions)
        raise InvalidInput(f"corpus {self.corpus.name} asks several questions; name one by --corpus: {known}")

    def of_step(self, step: str) -> "CorpusRuntime":
        """Whose step it is: a question has those of its labels itself, the others are those of its corpus."""
        return self if self.shared is None or STEPS[step].needs_labels else self.shared

    @property
    def source_folder(self) -> "Path | UPath":
        """Where the raw samples are: a path or a URL.

        Raises: InvalidInput for a path that means another folder on another host, where several may be at work.
        """
        if not is_local(self.data_folder):
            refuse_own_place(self.corpus.source)
        return self.corpus.source.resolve(self.project_folder)

    def store(self) -> "TableStore":
        """The tables of this corpus; of a question, its own and the shared ones."""
        from data_engine.storage import TableStore
        from data_engine.storage.question_tables import QuestionTables

        if self.shared is not None:
            folder = self.corpus_folder
            return QuestionTables(folder.parent, folder.name, self.shared.store(), _shared_names())
        return TableStore(self.data_folder, self.corpus.name)

    def queue(self) -> "ReviewQueue":
        """The review queue of all corpora; `DATA_ENGINE_REVIEW_URL` overrides where it is."""
        from data_engine.review import ReviewQueue

        return ReviewQueue(self.queue_url, reads_only=self.reads_only)

    @property
    def queue_url(self) -> str:
        """Where the review queue is, with the password where it has one: not to be shown.

        Raises: InvalidInput where the data are behind a URL and the queue is not on a server, too.
        """
        given = os.environ.get("DATA_ENGINE_REVIEW_URL", "")
        if not is_local(self.data_folder) and not given.startswith("postgresql"):
            raise InvalidInput(
                f"the data folder is {self.data_folder}, which several hosts may use at once, but the review queue and "
                f"the lock of commands are {'in SQLite' if given else 'nowhere'}, which is for one host; set "
                f"DATA_ENGINE_REVIEW_URL to a PostgreSQL database (postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE)"
            )
        return given or f"sqlite:///{self.data_folder / 'review.db'}"

    @property
    def sql_folder(self) -> Path:
        """The project's own SQL models; the engine's where the project has none."""
        own = self.project_folder / "dbt_like_sql"
        return own if own.is_dir() else shipped_sql()

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the plan that this corpus has, in order: without labels fewer. A question has its own and those
        that it reads."""
        if self.shared is not None:
            return tuple(name for name, spec in STEPS.items() if spec.needs_labels or spec.job in ("ingest", "curate"))
        return tuple(name for name, spec in STEPS.items() if self.corpus.has_labels or not spec.needs_labels)

    @property
    def own_steps(self) -> tuple[str, ...]:
        """Those of the steps that run for it; of a question those of its labels."""
        return tuple(step for step in self.steps if self.of_step(step) is self)

    def steps_of_job(self, job: str) -> tuple[str, ...]:
        """The steps of a job that run for this corpus, in order."""
        return tuple(step for step in JOBS[job] if step in self.own_steps)

    def code_version(self, step: str) -> str:
        """Fingerprint of the code and the settings that a step's result depends on: its import closure, its part of
        the YAML."""
        settings = self._settings(spec_of(step).settings, self.corpus.model_dump(mode="json"))
        return hashlib.sha256(f"{sorted(settings.items())!r}{self._code_of(step)}".encode()).hexdigest()[:12]

    def _code_of(self, step: str) -> str:
        parts = self.corpus.samples.parts_of(step)
        return _code_of(step, tuple(sorted({part.partition(":")[0] for part in parts})))

    def code_of(self, step: str) -> str:
        """Fingerprint of the code alone, without the settings that a step's code version holds too."""
        return self._code_of(step)[:12]

    @cached_property
    def judged(self) -> "dict[tuple[str, str, str, str], tuple[list[CheckResult], float]]":
        """Results of checks, and their seconds, by folder, step, partition and what was judged by which rules; a plan
        and the run after it look at the same rows."""
        return {}

    def rules_version(self, step: str) -> str:
        """Fingerprint of what the checks of a step are held against: its limits in the YAML, the code of the suites."""
        if step not in self._rules_versions:
            from data_engine.quality import suite_of

            limits = self._settings(suite_of(step).limits, self.corpus.model_dump(mode="json"))
            rules = [sorted(limits.items()), code_fingerprint(("data_engine.quality",), stops=_NO_RULES)]
            self._rules_versions[step] = fingerprint(rules)
        return self._rules_versions[step]

    @cached_property
    def _rules_versions(self) -> dict[str, str]:
        return {}

    def _settings(self, names: tuple[str, ...], values: dict[str, Any]) -> dict[str, object]:
        """Blocks and fields of the YAML, `tree` or `tree.n_resamples`; with the classes themselves where they are in a
        file."""
        found: dict[str, object] = {}
        for name in names:
            block, _, field = name.partition(".")
            found[name] = values[block][field] if field else values[block]
        if "labels" in names and isinstance(self.corpus.labels.classes, str):
            # Without the file there is an error of its own, as soon as a step needs the classes.
            with suppress(SourceMissing):
                found["classes"] = list(self.corpus.class_names)
        if "labels" in names and self.questions:
            found["questions"] = {
                each.question: [each._settings(names, each.corpus.model_dump(mode="json")), question.required]
                for each, question in zip(self.questions, self.corpus.questions, strict=True)
            }
        return found


def whole_corpus(runtime: CorpusRuntime) -> tuple[CorpusRuntime, str]:
    """A corpus with all its questions, and the name of the one that was meant; empty where the whole corpus was."""
    return runtime.shared or runtime, runtime.question


def _shared_names() -> frozenset[str]:
    """The steps that all questions share, and their tables."""
    shared = {name for name, spec in STEPS.items() if not spec.needs_labels}
    return frozenset(shared | {table for table, step in WRITTEN_BY.items() if step in shared})


def _code_of(step: str, parts: tuple[str, ...]) -> str:
    """Fingerprint of the code alone that a step's result depends on, with the modules of the modality's parts."""
    spec = spec_of(step)
    modules = (f"data_engine.runtime.steps.{step}", *_CODE_OF_EVERY_STEP, *spec.code, *parts)
    return code_fingerprint(modules, stops=(*_NO_CODE_OF_A_STEP, *spec.code_without))


#: Of the suites' own code, what says what tables and settings are.
_NO_RULES = ("data_engine.corpus", "data_engine.errors", "data_engine.schemas", "data_engine.settings")
