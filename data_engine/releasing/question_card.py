"""What the data card of a release says of several questions: whose labels are simulated, and the labels of each.

The other sections are in `data_card.py`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from data_engine.corpus import Corpus, Labels
from data_engine.releasing.markdown_text import code, escaped
from data_engine.releasing.question_rows import questions_of, rows_of_question
from data_engine.reporting import number_format


def labels_of_questions(release: pa.Table) -> dict[str, pa.Table]:
    """The released rows that have a label of a question, by question in order, in the columns of one question."""
    return {name: rows_of_question(release, name) for name in questions_of(release)}


def who_answered(name: str, rows: pa.Table) -> str:
    """How many labels of a question are simulated or come with the data, as lines of a quotation."""
    n, counts = rows.num_rows, Counter(rows["provenance"].to_pylist())
    if not n:
        return f"> {code(name)}: no released sample has a label of this question yet."
    n_simulated, n_imported = counts["simulated"], counts["imported"]
    said = f"> {code(name)}: none of its {n:,} labels is simulated."
    if n_simulated:
        share = number_format.share(n_simulated / n)
        said = (
            f"> **{code(name)}: {n_simulated:,} of its {n:,} labels ({share}) are simulated:** a program answered in "
            "the place of people, from labels known beforehand and with a set error rate. Do not take them for human "
            "work."
        )
    if n_imported:
        share = number_format.share(n_imported / n)
        said += f"\n> {n_imported:,} of them ({share}) are imported: they come with the data."
    return said


def heading(name: str, manifest: Mapping[str, Any], rows: pa.Table, n_released: int) -> str:
    """The heading of a question, what it asks, and how many samples of the release have a label of it."""
    asked = manifest.get("questions", {}).get(name, {}).get("question", "")
    return f"## Question {code(name)}\n\n{escaped(asked)}\n\n{rows.num_rows:,} of {n_released:,} samples have a label."


def block_used(name: str, corpus: Corpus, manifest: Mapping[str, Any]) -> Labels:
    """The block of a question as its labels were made with it, as far as the manifest says."""
    listed = manifest.get("configuration", {}).get("labels", ())
    for block in listed if isinstance(listed, list) else ():
        if block.get("name") == name and len(block) > 1:
            return Labels.model_validate({key: value for key, value in block.items() if key != "name"})
    return corpus.of_question(name).labels
