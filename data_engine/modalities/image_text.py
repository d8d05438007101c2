"""Pairs: an image with its caption, from rows that have both or archives in which both have one name."""

from data_engine.modalities import image
from data_engine.modalities.modality import Modality

MODALITY = Modality(
    name="image_text",
    sample="an image with its caption",
    one="a pair",
    plural="pairs",
    kinds=("jsonl", "csv", "parquet", "webdataset", "huggingface"),
    form="data_engine.indexing.pairs.caption_form:PAIR",
    look="data_engine.indexing.pairs.caption_form:look_at_pairs",
    endings=image.MODALITY.endings,
    holds_text=True,
    is_read_again=True,
    defaults={
        "encoder": "pairs/0.5/efficientnet-lite0|all-MiniLM-L6-v2",
        "source": {"max_sample_bytes": 20_000_000},
    },
    hint="near_duplicate_image_similarity: 0.9",
    rules="data_engine.filtering.pairs.pair_rules:PAIR_RULES",
    looks="data_engine.filtering.pairs.pair_look:pair_looks",
    near_duplicates="data_engine.filtering.pairs.pair_rules:OF_PAIRS",
    similarity="near_duplicate_image_similarity",
    second_similarity="near_duplicate_similarity",
    encoders="data_engine.embedding.pairs:PAIR_ENCODERS",
    without_weights="pairs/0.5/colour-and-gradient-histograms|hashed-ngrams",
    weights=image.MODALITY.weights,
    items="data_engine.embedding.pairs:pairs_for_encoder",
    has_image=True,
    image="data_engine.images.items:shown_image",
    formats=("hf", "webdataset"),
    file_endings=image.MODALITY.file_endings,
)
