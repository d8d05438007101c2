"""The filters that learn from the examples of a corpus, together.

Each is in a module of its own; reading the examples is in `data_engine.runtime`.
"""

from dataclasses import dataclass

from data_engine.filtering.learned.character_model import CharacterModel
from data_engine.filtering.learned.junk import JunkClassifier


@dataclass(frozen=True)
class LearnedFilters:
    """What the first pass has learnt from the examples of a corpus; a filter that is None is off."""

    junk: JunkClassifier | None = None
    model: CharacterModel | None = None
    """Of good text, for the rule perplexity."""

    @property
    def versions(self) -> dict[str, str]:
        """Reason that a filter gives to the version of the filter."""
        deciding = {"junk": self.junk, "perplexity": self.model}
        return {reason: learned.version for reason, learned in deciding.items() if learned is not None}


NO_FILTERS = LearnedFilters()
