"""The kinds of checks of a corpus' data, in order, and carrying them out.

What a finding is, is in `finding.py`.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from data_engine.errors import DataEngineError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.accepted_segments import check_accepted_samples
from data_engine.runtime.integrity.derived_files import check_derived_files
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.forgotten import check_forgotten
from data_engine.runtime.integrity.orphans import check_orphans
from data_engine.runtime.integrity.pins import check_pins
from data_engine.runtime.integrity.releases import check_releases
from data_engine.runtime.integrity.review_answers import check_review_queue
from data_engine.runtime.integrity.sample_ids import check_sample_ids
from data_engine.runtime.integrity.step_records import check_step_versions
from data_engine.runtime.integrity.surroundings import check_history, check_locks
from data_engine.runtime.integrity.table_files import check_tables
from data_engine.runtime.integrity.vector_cache import check_embedding_cache

#: The kinds of checks by name.
CHECKS: dict[str, Callable[[CheckedCorpus], Iterator[Finding]]] = {
    "locks": check_locks,
    "tables": check_tables,
    "step_versions": check_step_versions,
    "sample_ids": check_sample_ids,
    "review_queue": check_review_queue,
    "releases": check_releases,
    "pins": check_pins,
    "forgotten": check_forgotten,
    "accepted_samples": check_accepted_samples,
    "embedding_cache": check_embedding_cache,
    "derived_files": check_derived_files,
    "orphans": check_orphans,
    "history": check_history,
}


#: What is checked of one of several questions; the rest is that of its corpus.
_OF_QUESTIONS = ("tables", "step_versions", "review_queue")


def check_corpus(runtime: CorpusRuntime, kinds: Collection[str] = CHECKS.keys()) -> list[Finding]:
    """Everything that is not whole in the data of a corpus, errors first; nothing is written.

    Args:
        runtime: The corpus.
        kinds: The names of the checks to make.
    """
    checked = CheckedCorpus(runtime)
    found = [finding for name in _checks_of(runtime) if name in kinds for finding in _carried_out(name, checked)]
    for each in runtime.questions:
        found += [replace(finding, where=f"{each.question}: {finding.where}") for finding in check_corpus(each, kinds)]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error")


def _checks_of(runtime: CorpusRuntime) -> Iterator[str]:
    """The kinds of checks of a corpus; of one of several questions those of its own tables and its answers."""
    return (name for name in CHECKS if not runtime.question or name in _OF_QUESTIONS)


def _carried_out(name: str, checked: CheckedCorpus) -> Iterator[Finding]:
    try:
        for finding in CHECKS[name](checked):
            yield replace(finding, check=name, remedy=_for_buckets(finding.remedy))
    except Exception as error:
        # Damaged data can fail in any way, in any library that reads it; the other checks go on.
        said = str(error) if isinstance(error, DataEngineError) else f"{type(error).__name__}: {error}"
        yield Finding(
            "error",
            f"could not be checked to the end: {said}",
            checked.runtime.corpus.name,
            f"mend what else is found, then: data-engine check {checked.name}",
            name,
        )


def _for_buckets(remedy: str) -> str:
    """The command of a remedy, where it is about a place behind a URL, as the tool of that store is given it."""

    def of_store(found: re.Match[str]) -> str:
        is_folder = found[1] == "mv" or found[2] == " -r"
        return f"aws s3 {found[1]}{' --recursive' if is_folder else ''} "

    return re.sub(r"\b(rm|mv)( -r| -f)? (?='?s3://)", of_store, remedy)
