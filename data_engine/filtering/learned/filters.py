"""The filters that learn from the examples of a corpus, together.

Each is in a module of its own; reading the examples is in `data_engine.runtime`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data_engine.filtering.learned.character_model import CharacterModel
from data_engine.filtering.learned.junk import JunkClassifier
from data_engine.filtering.page_content.line_classifier import LineClassifier


@dataclass(frozen=True)
class LearnedFilters:
    """What the first pass has learnt from the examples of a corpus; a filter that is None is off."""

    junk: JunkClassifier | None = None
    model: CharacterModel | None = None
    """Of good text, for the rule perplexity."""
    lines: LineClassifier | None = None
    """Of lines of web pages, for the rule content_share."""

    @property
    def versions(self) -> dict[str, str]:
        """Reason that a filter gives to the version of the filter."""
        deciding = {"junk": self.junk, "perplexity": self.model, "content_share": self.lines}
        return {reason: learned.version for reason, learned in deciding.items() if learned is not None}

    @property
    def scores(self) -> Mapping[str, Callable[[str], float | None]]:
        """Name of a rule that learns to its score of a text."""
        scores: dict[str, Callable[[str], float | None]] = {}
        if self.model is not None:
            scores["perplexity"] = self.model.perplexity
        if self.lines is not None:
            scores["content_share"] = self.lines.content_share
        return scores


NO_FILTERS = LearnedFilters()
