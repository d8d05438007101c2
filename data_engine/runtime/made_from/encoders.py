"""Which encoder made the vectors of a corpus, so that nothing made from one encoder meets vectors of another.

Loading encoders is in `data_engine.embedding`; the settings that steps used are in `settings.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_engine.errors import ChecksFailed, InvalidInput

if TYPE_CHECKING:
    from data_engine.runtime.versions import StepVersion
    from data_engine.storage import TableStore

EMBEDDINGS = "embeddings"

_PRECISIONS = ("bfloat16", "float32", "bf16", "f32")
"""How the version of an encoder ends that computes as this processor does best."""


@dataclass(frozen=True)
class EncoderUsed:
    """The encoder that made some vectors.

    Attributes:
        name: As the YAML named it then; empty in the rows of an earlier engine.
        version: Name, fingerprint of its weights and precision; empty where there are no vectors.
    """

    name: str
    version: str

    @property
    def shown(self) -> str:
        """What people call it: the name, and the version where that says more."""
        return self.version if self.name in ("", self.version) else f"{self.name} (version {self.version})"

    def as_settings(self) -> dict[str, str]:
        """As it stands in what a step was made with."""
        return {"encoder": self.name, "encoder_version": self.version}


def encoder_used(store: "TableStore", version: "StepVersion") -> EncoderUsed:
    """The encoder of the vectors that a version of a step holds or was made from."""
    made_with = version.made_with
    found = str(made_with.get("encoder_version") or "")
    if not found and version.step == EMBEDDINGS and version.n_rows and version.table_version:
        # An earlier engine kept it in the rows alone.
        rows = store.dataset(EMBEDDINGS, at={version.batch: version.table_version}).head(1, columns=["encoder_version"])
        found = str(rows["encoder_version"][0].as_py()) if rows.num_rows else ""
    return EncoderUsed(str(made_with.get("encoder") or ""), found)


def encoder_in_use(store: "TableStore", versions: "Iterable[StepVersion]") -> EncoderUsed:
    """The encoder of the newest vectors of a corpus, judged or not; without a version where there are none.

    Args:
        store: Its tables.
        versions: The last version of every step and partition, or of embeddings alone.
    """
    made = [version for version in versions if version.step == EMBEDDINGS]
    if not made:
        return EncoderUsed("", "")
    return encoder_used(store, max(made, key=lambda version: (version.written_at, version.batch)))


def is_of_another(store: "TableStore", version: "StepVersion", now: EncoderUsed) -> bool:
    """Whether the vectors of a version are of another encoder version; one that is not known is no other one."""
    if version.step != EMBEDDINGS or not now.version:
        return False
    return encoder_used(store, version).version not in {"", now.version}


def refuse_another(what: str, made: str | None, now: EncoderUsed) -> None:
    """Stop before something made from vectors of one encoder meets those of another.

    Args:
        what: The step that it comes from.
        made: Version of the encoder that it was made from; empty or None where an earlier engine did not keep it.
        now: The encoder of the vectors that it would meet.

    Raises: ChecksFailed naming both encoders and what to do.
    """
    if now.version and made != now.version:
        raise ChecksFailed(
            f"{what} was made from vectors of {made or 'an encoder that an earlier engine did not keep'}, but the "
            f"embeddings are now of {now.shown}; materialize {what} anew first"
        )


def refuse_other_processor(corpus: str, before: EncoderUsed, now: EncoderUsed) -> None:
    """Stop before hosts with different processors embed in turn, each all anew in its own precision.

    Args:
        corpus: Name of the corpus.
        before: The encoder of the vectors that it has.
        now: The encoder of this host.

    Raises: InvalidInput where the two differ by nothing but the precision that the processor chose.
    """
    (stem, _, end), (stem_now, _, end_now) = (each.version.rpartition("-") for each in (before, now))
    if stem == stem_now and end != end_now and {end, end_now} <= {*_PRECISIONS}:
        raise InvalidInput(
            f"the vectors of corpus {corpus} are of {before.version}, but this host computes {now.version}: its "
            f"processor has other instructions, and vectors of the two are not mixed; embed on a host like the first "
            f"one, or have all hosts alike and give `data-engine reset {corpus}` first"
        )
