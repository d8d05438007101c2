"""Fields that table schemas are made of, each with its description; and the text form of an answer.

The schemas are in the files beside this one.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
FILLED = "filled"


def required(name: str, kind: pa.DataType, text: str) -> pa.Field:
    """A column that every row has."""
    return pa.field(name, kind, nullable=False, metadata={"description": text})


def optional(name: str, kind: pa.DataType, text: str) -> pa.Field:
    """A column that may be null."""
    return pa.field(name, kind, nullable=True, metadata={"description": text})


def filled(name: str, kind: pa.DataType, text: str) -> pa.Field:
    """Required of every row written; what an earlier version of the engine wrote without it is filled when read."""
    return required(name, kind, text).with_metadata({"description": text, FILLED: "true"})


def is_filled(field: pa.Field) -> bool:
    """Whether rows of an earlier version lack this required column, which `earlier_rows.py` of the storage fills."""
    return FILLED.encode() in (field.metadata or {})


def answer_text(answer: Mapping[str, Any]) -> str:
    """An answer as the column `answer` holds it: JSON in its one canonical form, with sorted keys and no spaces.

    Raises: TypeError or ValueError for what JSON cannot hold, NaN included.
    """
    return json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


SAMPLE = required("sample_id", pa.string(), "hash of the sample's content (xxh3-128, 32 hex digits)")
BATCH = required("batch", pa.string(), "ingestion batch, the partition key")
KIND = filled("kind", pa.string(), "kind of the answer: class; see labeling/answers/registry.py")
