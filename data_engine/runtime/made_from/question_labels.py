"""The labels of several questions as inputs of what is made of all of them: the report and the release.

Each question has its labels in tables of its own; a question at work is `CorpusRuntime.of_question`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ChecksFailed
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.settings import configuration_used, corpus_used, used_by_steps
from data_engine.runtime.plan import PLAN, STEPS
from data_engine.runtime.versions import step_versions

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.runtime.corpus_runtime import CorpusRuntime


@dataclass(frozen=True)
class LabelledQuestion:
    """One of several questions with its labels, at the versions that their checks accepted.

    Attributes:
        runtime: The question at work.
        corpus: The corpus as if it asked this question alone, as its tables were made with it.
        labels_used: The block of the question as its labels were made with it, as JSON values.
        tables: The tables of its steps by name; without rows where there is nothing yet.
        versions: The versions of those tables that a release stands on.
    """

    runtime: "CorpusRuntime"
    corpus: "Corpus"
    labels_used: dict[str, Any]
    tables: dict[str, pa.Table]
    versions: dict[str, int]


def labelled_questions(runtime: "CorpusRuntime", *, run_id: str) -> list[LabelledQuestion]:
    """Each of several questions with its labels. Raises: ChecksFailed where a blocking check holds some back."""
    return [_labelled(each, run_id) for each in runtime.questions]


def _labelled(runtime: "CorpusRuntime", run_id: str) -> LabelledQuestion:
    store = runtime.store()
    gate = CheckGate(runtime, store, run_id)
    accepted = AcceptedTables(store, gate)
    own = [spec for spec in PLAN if spec.needs_labels and not spec.is_external]
    names = [name for spec in own for name in spec.tables]
    pinned = [name for spec in own if spec.pinned_by_release for name in spec.tables]
    tables = {name: accepted.read(name) for name in names}
    versions = {name: version for name in pinned if (version := accepted.version(name)) is not None}
    configuration = configuration_used(used_by_steps(gate, ""), runtime.corpus)
    known = {name: getattr(runtime.corpus, name) for name in ("known_label_column", "known_label_pattern")}
    used = corpus_used(configuration | known, runtime.corpus)
    return LabelledQuestion(runtime, used, configuration.get("labels", {}), tables, versions)


def refuse_other_labels(runtime: "CorpusRuntime", *, run_id: str) -> None:
    """Stop where the report was made of other labels of the questions than there are now.

    Raises: ChecksFailed naming the question and the remedy.
    """
    then = CheckGate(runtime, runtime.store(), run_id).require("quality_report", "").made_from.get("inputs", {})
    for name, version in question_inputs(runtime).items():
        if then.get(name) != version:
            raise ChecksFailed(
                f"quality_report was made of other labels of the question {name.partition('.')[0]} than there are now; "
                "materialize quality_report first, then release"
            )


def reads_questions(step: str) -> bool:
    """Whether a step of the corpus follows from the labels of its questions."""
    spec = STEPS[step]
    return not spec.needs_labels and "labels" in spec.input_steps


def question_inputs(runtime: "CorpusRuntime") -> dict[str, str]:
    """The version of the labels of each of several questions, as inputs; nothing where there are not several."""
    found = {}
    for each in runtime.questions:
        version = step_versions(each.store(), "labels", "").get(("labels", ""))
        found[f"{each.question}.labels/"] = "missing" if version is None else version.data_version
    return found


def questions_with_labels(runtime: "CorpusRuntime") -> list[str]:
    """The questions that have a table of labels."""
    return [each.question for each in runtime.questions if step_versions(each.store(), "labels", "")]


def can_release(runtime: "CorpusRuntime") -> bool:
    """Whether anything can be released: of several questions, one has labels, and so has every required one."""
    if not runtime.questions:
        return True
    labelled = questions_with_labels(runtime)
    required = {question.name for question in runtime.corpus.questions if question.required}
    return bool(labelled) and required <= set(labelled)
