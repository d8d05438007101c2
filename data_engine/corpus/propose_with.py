"""The block `labels.propose_with` of a corpus' YAML: a model of another corpus that proposes in this one.

What becomes of it is in `data_engine.runtime.models.borrowed`.
"""

from pydantic import Field

from data_engine.settings import Settings

IN_SERVICE = "in_service"


class ProposeWith(Settings):
    """A micro-model that learnt in another corpus of the same project."""

    corpus: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")
    """The corpus where it learnt, of several questions `corpus.question`; its embeddings are of the same encoder, and
    its classes are the same, in the same order."""
    model: str = Field(default=IN_SERVICE, pattern="^(in_service|[0-9a-f]{4,16})$")
    """Its version, or the start of it, as `data-engine models list` shows it; in_service: whichever is in service
    there."""
