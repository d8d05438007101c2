"""The one way to read embeddings, by batch, by id, or in the order of given samples; and the loaded encoder.

How they lie on disk is in `storage.embedding_rows`; how they are made is in `runtime.steps.embeddings`.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.embedding import Encoder
    from data_engine.runtime.accepted_tables import AcceptedTables

Floats = NDArray[np.float32]


def ready_encoder(corpus: "Corpus") -> "Encoder":
    """The loaded encoder of a corpus.

    Raises: SourceMissing when it cannot be loaded; InvalidInput when it embeds no samples of this kind.
    """
    from data_engine.embedding import encoder_names

    encoder = encoder_of(corpus.encoder)
    if encoder.modality not in (None, *corpus.samples.encoders_of):
        raise InvalidInput(
            f"the encoder {encoder.name!r} takes {encoder.modality}s only, but the samples of {corpus.name} are "
            f"{corpus.samples.plural}; name one of {', '.join(encoder_names(corpus.modality))}"
        )
    return encoder


@cache
def encoder_of(name: str) -> "Encoder":
    """The encoder of that name; a process that runs several steps loads it once."""
    from data_engine.embedding import load_encoder

    return load_encoder(name)


def embeddings_by_id(tables: "AcceptedTables", sample_ids: pa.ChunkedArray | pa.Array) -> dict[str, Floats]:
    """The embeddings of those of the samples that have one, by id; a stricter first pass may have dropped others."""
    from data_engine.storage import float_rows

    wanted = {"sample_id": pc.unique(sample_ids)}
    found = tables.read("embeddings", columns=["sample_id", "embedding"], among=wanted)
    return dict(zip(found["sample_id"].to_pylist(), float_rows(found["embedding"]), strict=True))


def sorted_embeddings(tables: "AcceptedTables", sample_ids: pa.ChunkedArray | pa.Array) -> tuple[list[str], Floats]:
    """The ids of these samples, sorted and each once, and their (n, dim) embeddings.

    Raises: InvalidInput when one of them has none.
    """
    from data_engine.storage import float_rows

    wanted = {"sample_id": pc.unique(sample_ids)}
    found = tables.read("embeddings", columns=["sample_id", "embedding"], among=wanted).sort_by("sample_id")
    ids = found["sample_id"].to_pylist()
    _require(sorted(set(sample_ids.to_pylist()) - set(ids)))
    first = [i for i, sample_id in enumerate(ids) if i == 0 or sample_id != ids[i - 1]]
    once = found.take(pa.array(first, pa.int64()))
    return once["sample_id"].to_pylist(), float_rows(once["embedding"])


def embeddings_in_order(tables: "AcceptedTables", sample_ids: pa.ChunkedArray) -> Floats:
    """(n, dim) embeddings of these samples, in their order: where it is that of the table, without a copy.

    Raises: InvalidInput when one of them has none.
    """
    from data_engine.storage import read_embeddings

    known, x = read_embeddings(tables.store, tables.partitions("embeddings"))
    place = pc.index_in(sample_ids, value_set=known["sample_id"].combine_chunks())
    _require(sample_ids.filter(pc.is_null(place)).to_pylist())
    order = place.to_numpy()
    return x if np.array_equal(order, np.arange(len(x))) else x[order]


def subset_embeddings(tables: "AcceptedTables") -> tuple[list[str], Floats]:
    """The ids of the balanced subset, sorted, and their (n, dim) embeddings."""
    return sorted_embeddings(tables, tables.read("balanced_subset", columns=["sample_id"])["sample_id"])


def _require(missing: list[str]) -> None:
    if missing:
        raise InvalidInput(
            f"{len(missing)} samples have no embedding, among them {missing[:10]}; materialize embeddings first"
        )
