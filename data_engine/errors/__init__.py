"""Named errors of the engine: each message gives the value, the rule and the remedy, and never a secret."""

from data_engine.errors.secret_texts import without_secrets


class DataEngineError(Exception):
    """Anything the engine refuses to do; the message says what was found, what is asked and what to do.

    Secrets in the message are hidden.
    """

    def __init__(self, *parts: object) -> None:
        super().__init__(*(without_secrets(part) if isinstance(part, str) else part for part in parts))


class SourceError(DataEngineError):
    """The source of a corpus cannot be read as its configuration says."""


class SourceMissing(SourceError):
    """The folder or file of a source does not exist."""


class SourceEmpty(SourceError):
    """The source exists and holds no file that matches its pattern."""


class ContentMissing(SourceError):
    """The bytes of a sample are no longer where the raw index says, or are others now."""


class InvalidInput(DataEngineError, ValueError):
    """An argument breaks a rule: wrong shape, NaN rows, a size above what there is."""


class NotFound(InvalidInput):
    """What was asked for does not exist, or is somebody else's and is not to be told apart from that."""


class NotEnoughData(InvalidInput):
    """Too few samples for a trustworthy answer."""


class SchemaMismatch(DataEngineError):
    """A table to be written differs from its schema; the message names the column."""


class StorageError(DataEngineError):
    """A table could not be read or written; what was committed before is intact."""


class ConcurrentWrite(StorageError):
    """Another run committed to the same batch first; the message names the run that won."""


class ChecksFailed(DataEngineError):
    """A step was asked to build on a batch that its blocking checks hold back."""


class UnknownLabel(DataEngineError, ValueError):
    """An answer that is not among the classes of the corpus."""


class LeaseLost(DataEngineError):
    """A lease ran out or was taken back before the answer came."""


class UnknownSample(DataEngineError, KeyError):
    """No decision of the ledger mentions this sample id."""

    def __str__(self) -> str:
        """The message itself; KeyError would show its repr."""
        return str(self.args[0]) if self.args else ""


class SqlModelError(DataEngineError):
    """A SQL model or SQL test does not parse, refers to nothing, or forms a cycle."""
