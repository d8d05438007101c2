"""Answers of people, from the few columns that a test cares about."""

from typing import Any

import pyarrow as pa
from schema_tables import table


def reviewed(*given: tuple[str, str, str]) -> pa.Table:
    """One answer each: sample id, class, purpose."""
    rows: list[dict[str, Any]] = [
        {
            "annotation_id": f"{number}", "sample_id": sample_id, "task_id": f"t{number}", "label": label,
            "purpose": purpose, "arm": "blind", "annotator": "ada", "provenance": "human", "is_simulated": False,
            "revision": 1,
        }
        for number, (sample_id, label, purpose) in enumerate(given)
    ]  # fmt: skip
    return table("reviewed_labels", rows)
