"""The names of the classes as examples of each, embedded like texts of the corpus.

What is learnt from them is in `data_engine.labeling.training`.
"""

from typing import TYPE_CHECKING

import numpy as np

from data_engine.runtime.made_from.encoders import EncoderUsed, refuse_another

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.corpus import Corpus
    from data_engine.labeling import LabelledSet


def class_name_examples(corpus: "Corpus", vectors: EncoderUsed) -> "LabelledSet | None":
    """One example per class whose name says what it means; None where the corpus does not ask for them.

    The classes for what is out of scope and for all others have none: what their names mean is not what lies in them.

    Args:
        corpus: Names classes and encoder.
        vectors: The encoder of the vectors that the examples meet.

    Raises: ChecksFailed where that is another encoder; SourceMissing where it cannot be loaded.
    """
    labels = corpus.labels
    if not labels.class_names_as_examples:
        return None
    from data_engine.labeling import LabelledSet
    from data_engine.runtime.embeddings import ready_encoder

    encoder = ready_encoder(corpus)
    refuse_another("the example of a class name", encoder.version, vectors)
    names = corpus.class_names
    numbers = [n for n, name in enumerate(names) if name not in (labels.out_of_scope, labels.other)]
    rows = encoder.encode([as_words(names[n]) for n in numbers])
    return LabelledSet(tuple(f"class name {names[n]}" for n in numbers), rows, np.array(numbers, dtype=np.int64))


def first_guess(corpus: "Corpus", x: "NDArray[np.float32]", vectors: EncoderUsed) -> "NDArray[np.float32] | None":
    """What the names of the classes say of the (n, dim) embeddings; None where they are no examples."""
    from data_engine.labeling import probabilities_from_examples

    examples = class_name_examples(corpus, vectors)
    if examples is None:
        return None
    seed = corpus.seed_for("classifier")
    return probabilities_from_examples(examples, x, class_names=corpus.class_names, seed=seed)


def as_words(name: str) -> str:
    """A class name as a reader says it: `credit_card-limit` is `credit card limit`."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()) or name
