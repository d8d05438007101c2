"""What the step `classifier` reads that no step of its corpus writes: decisions of people, models of other corpora."""

from typing import TYPE_CHECKING

from data_engine.runtime.models.borrowed import borrowed_inputs
from data_engine.runtime.models.promotions import promotion_inputs

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime


def model_inputs(runtime: "CorpusRuntime") -> dict[str, str]:
    """The inputs of a version by name; nothing where nobody decided anything and no other corpus is named."""
    return promotion_inputs(runtime.store()) | borrowed_inputs(runtime)
