"""The registry of encoders: the only list of their names, with the modality and the loader of each.

The class of a loaded encoder is in `encoder.py`. Loaders import their module when they are called, so that this list
is cheap to import. To add an encoder: a module beside this one with a function from name to `Encoder`, and an entry
here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from data_engine.embedding.bert.folder import PACKAGED_ENCODERS
from data_engine.embedding.encoder import Encoder
from data_engine.errors import DataEngineError, SourceMissing, StorageError
from data_engine.modalities import find_modality, load, modality_names


@dataclass(frozen=True)
class EncoderEntry:
    """A name, or a pattern of names, and how such an encoder is loaded.

    Attributes:
        name: As a user writes it; in a pattern `<...>` stands for the user's own part.
        modality: The kind of item that it embeds; None where that depends on the model that is named.
        load: Gives the encoder of a full name; raises SourceMissing when it is not there.
        prefix: The beginning of all names of a pattern; None for an entry of a single name.
    """

    name: str
    modality: str | None
    load: Callable[[str], Encoder]
    prefix: str | None = None

    def matches(self, name: str) -> bool:
        """Whether this entry loads an encoder of that name."""
        return name == self.name if self.prefix is None else name.startswith(self.prefix)


def _hashed_ngrams(name: str) -> Encoder:
    from data_engine.embedding.fallbacks import load_hashed_ngrams

    return load_hashed_ngrams(name)


def _histograms(name: str) -> Encoder:
    from data_engine.embedding.fallbacks import load_histograms

    return load_histograms(name)


def _efficientnet(name: str) -> Encoder:
    from data_engine.embedding.efficientnet import load_efficientnet

    return load_efficientnet(name)


def _timm(name: str) -> Encoder:
    from data_engine.embedding.timm import load_timm

    return load_timm(name)


def _sentence_model(name: str) -> Encoder:
    """The packed BERT where the model's folder describes one, else sentence-transformers."""
    from data_engine.embedding.bert.folder import find_folder, recognise

    folder = find_folder(name)
    model = recognise(folder) if folder is not None else None
    if model is not None:
        from data_engine.embedding.bert.model import load_packed

        return load_packed(name, model)
    from data_engine.embedding.sentence_transformers import load_transformer

    return load_transformer(name)


#: In this order; the first entry that matches a name loads it.
ENCODERS: tuple[EncoderEntry, ...] = (
    *(EncoderEntry(name, "text", _sentence_model) for name in PACKAGED_ENCODERS),
    EncoderEntry("hashed-ngrams", "text", _hashed_ngrams),
    EncoderEntry("hashed-ngrams/<values>", "text", _hashed_ngrams, prefix="hashed-ngrams/"),
    EncoderEntry("efficientnet-lite0", "image", _efficientnet),
    EncoderEntry("colour-and-gradient-histograms", "image", _histograms),
    EncoderEntry("timm/<model>", "image", _timm, prefix="timm/"),
)

#: What loads every name that no entry of `ENCODERS` matches.
ANY_OTHER = EncoderEntry("<sentence-transformers name or path>", None, _sentence_model, prefix="")


def _encoders_of(modality: str) -> tuple[EncoderEntry, ...]:
    """The encoders that the declaration of a modality brings."""
    part = find_modality(modality).encoders
    found: tuple[EncoderEntry, ...] = () if part is None else load(part)
    return found


def all_encoders() -> tuple[EncoderEntry, ...]:
    """Those of `ENCODERS`, then those that modalities bring."""
    return (*ENCODERS, *(entry for name in modality_names() for entry in _encoders_of(name)))


def _without_weights(modality: str | None) -> str:
    """What a user may name meanwhile where an encoder of this modality cannot be loaded."""
    if modality is not None:
        return f"{find_modality(modality).without_weights}, which needs no weights"
    # What takes any name embeds texts or images.
    both = map(find_modality, ("text", "image"))
    return f"one that needs no weights: {', '.join(f'{of.without_weights} for {of.plural}' for of in both)}"


def encoder_entry(name: str) -> EncoderEntry:
    """The entry that loads an encoder of that name; any other name is one of sentence-transformers."""
    found = next((entry for entry in ENCODERS if entry.matches(name)), None)
    return found or next((entry for entry in all_encoders() if entry.matches(name)), ANY_OTHER)


def encoder_names(modality: str | None = None) -> list[str]:
    """Names and patterns for error messages, schemas and documents.

    Args:
        modality: Only encoders that can embed its samples; None for all.
    """
    fits = (None, *(() if modality is None else find_modality(modality).encoders_of))
    return [entry.name for entry in (*all_encoders(), ANY_OTHER) if modality is None or entry.modality in fits]


def load_encoder(name: str) -> Encoder:
    """Load an encoder by name.

    Args:
        name: Of texts: `all-MiniLM-L6-v2`, or `hashed-ngrams` (needs no weights, knows no meaning; `hashed-ngrams/32`
            has 32 values). Of images: `efficientnet-lite0`, `timm/<model>`, or `colour-and-gradient-histograms` (needs
            no weights, knows no meaning). Of either: any sentence-transformers name (from the hub or its cache; CLIP
            takes images), or a path.

    Raises: SourceMissing naming the encoder, the reason and the remedies; InvalidInput for a model that gives no
            embeddings.
    """
    entry = encoder_entry(name)
    try:
        return entry.load(name)
    except StorageError:
        raise
    except DataEngineError as error:
        raise type(error)(f"{error}; or name {_without_weights(entry.modality)}") from error
    except Exception as error:
        said = (str(error).strip() or "no message").splitlines()[0]
        raise SourceMissing(
            f"the encoder {name!r} cannot be loaded ({type(error).__name__}: {said}); correct the name, install what "
            f"it needs, or name {_without_weights(entry.modality)}"
        ) from error
