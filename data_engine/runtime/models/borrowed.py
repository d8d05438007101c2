"""A micro-model of another corpus, or of a question, that proposes here: both have one encoder and the same classes.

What the YAML says of it is in `data_engine.corpus.propose_with`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_engine.corpus.propose_with import IN_SERVICE
from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.versions import earlier_versions, step_versions
from data_engine.storage import TableStore
from data_engine.storage.question_tables import QUESTIONS

if TYPE_CHECKING:
    from data_engine.labeling import MicroModel
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.made_from.encoders import EncoderUsed


@dataclass(frozen=True, eq=False)
class BorrowedModel:
    """A model of another corpus, as it stands there: a row of the schema CLASSIFIER, and the model."""

    corpus: str
    row: dict[str, Any]
    model: "MicroModel"


def borrowed_model(runtime: "CorpusRuntime", vectors: "EncoderUsed") -> BorrowedModel | None:
    """The model that `labels.propose_with` names; None where it names none.

    Args:
        runtime: The corpus that it is to propose in.
        vectors: The encoder of its vectors.

    Raises: InvalidInput where there is no such model, or it knows other classes; ChecksFailed where it learnt from
        vectors of another encoder, or its checks hold it back.
    """
    from data_engine.labeling import load_model

    named = runtime.corpus.labels.propose_with
    if named is None:
        return None
    row = _row(runtime, named.corpus, named.model)
    what = f"version {row['classifier_version']} of the corpus {named.corpus} (labels.propose_with)"
    if row["encoder_version"] != vectors.version:
        raise ChecksFailed(
            f"{what} learnt from vectors of {row['encoder_version'] or 'an encoder that was not kept'}, and the "
            f"embeddings here are of {vectors.shown}; give both corpora one encoder, or remove labels.propose_with"
        )
    model, names = load_model(row["artefact"]), runtime.corpus.class_names
    if model.class_names != names:
        raise InvalidInput(
            f"{what} knows the classes {_said(model.class_names)}, and labels.classes are {_said(names)}; give both "
            "corpora the same classes in the same order, or remove labels.propose_with"
        )
    return BorrowedModel(named.corpus, row, model)


def borrowed_inputs(runtime: "CorpusRuntime") -> dict[str, str]:
    """What the step `classifier` reads of another corpus, as inputs of a version; nothing where none is named."""
    named = runtime.corpus.labels.propose_with
    if named is None:
        return {}
    try:
        version = _row(runtime, named.corpus, named.model)["classifier_version"]
    except (InvalidInput, ChecksFailed):
        version = "missing"
    return {f"{named.corpus}/classifier": version}


def _row(runtime: "CorpusRuntime", corpus: str, wanted: str) -> dict[str, Any]:
    from data_engine.labeling import row_in_service

    if corpus == runtime.corpus.name:
        raise InvalidInput(
            f"labels.propose_with of {corpus} names itself; name another corpus or question, or remove it"
        )
    store = _store_of(runtime, corpus)
    table = store.read("classifier", version=_accepted_version(store, corpus))
    if wanted == IN_SERVICE:
        if (row := row_in_service(table)) is None:
            raise InvalidInput(f"no classifier is in service in the corpus {corpus}; data-engine run {corpus} first")
        return row
    found: list[dict[str, Any]] = [row for row in table.to_pylist() if row["classifier_version"].startswith(wanted)]
    if len(found) != 1:
        known = ", ".join(table["classifier_version"].to_pylist()) or "none"
        raise InvalidInput(
            f"labels.propose_with.model is {wanted}, which begins {len(found)} versions of the corpus {corpus}; "
            f"it has {known}"
        )
    return found[0]


def _store_of(runtime: "CorpusRuntime", corpus: str) -> TableStore:
    """The tables of another corpus, or those that one of several questions has for itself."""
    name, _, question = corpus.partition(".")
    if question:
        return TableStore(runtime.data_folder / name / QUESTIONS, question)
    return TableStore(runtime.data_folder, name)


def _accepted_version(store: TableStore, corpus: str) -> int:
    """The version of the table `classifier` that its own corpus last accepted.

    Raises: InvalidInput where it has none; ChecksFailed where a check holds it back and there is none before it.
    """
    version = step_versions(store, "classifier", "").get(("classifier", ""))
    if version is None:
        raise InvalidInput(
            f"labels.propose_with names the corpus {corpus}, which has no classifier; data-engine run {corpus} first, "
            "or remove labels.propose_with"
        )
    results = store.read("check_results", partition={"step": "classifier", "batch": ""}).to_pylist()
    of_now = [row for row in results if row["data_version"].partition(":")[0] == version.data_version]
    failed = [row for row in of_now if row["is_blocking"] and not row["passed"]]
    if not failed:
        return version.table_version
    earlier = earlier_versions(store, "classifier", "").get("")
    if earlier is None or not earlier.is_accepted:
        raise ChecksFailed(
            f"the classifier of the corpus {corpus} (labels.propose_with) is held back by its checks "
            f"({failed[0]['check']}: {failed[0]['detail']}); mend that corpus first, or remove labels.propose_with"
        )
    return earlier.version.table_version


def _said(names: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
