"""Which batches raise the alarm: one that certainly differs, or two in a row that seem to."""

import pyarrow as pa
import pyarrow.compute as pc


def alarms(report: pa.Table) -> dict[str, float]:
    """The drifted batches, each with its p-value, in order of their names.

    Batches follow each other by name; one that could not be compared is passed over.

    Args:
        report: rows of the table drift_report: batch, p_value, is_alarm, is_suspect.
    """
    compared = report.filter(pc.is_valid(report["p_value"])).select(["batch", "p_value", "is_alarm", "is_suspect"])
    by_batch = {row["batch"]: row for row in compared.to_pylist()}
    found, was_suspect = {}, False
    for batch, row in sorted(by_batch.items()):
        if row["is_alarm"] or (was_suspect and row["is_suspect"]):
            found[batch] = row["p_value"]
        was_suspect = bool(row["is_suspect"])
    return found
