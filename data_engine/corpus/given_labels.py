"""The block `labels.given` of a corpus' YAML: labels that are in the data already and count as answers.

How values become classes is in `known_labels.py`; labels that are only compared with are `known_label_column`.
"""

import re

from pydantic import field_validator

from data_engine.settings import Settings


class GivenLabels(Settings):
    """Labels that are in the data already: answers with the provenance `imported`."""

    column: str
    """Metadata column with the labels. A value is read as a class as known labels are: white space and case do not
    matter, `renamed` is followed, what names no class counts as `labels.other` or, without it, as no label. Values
    that say nothing are no label."""
    pattern: str | None = None
    """Regular expression on the whole value; its first group is the class. Without it the value itself is the class."""
    in_hold_out: bool = False
    """Whether these labels may be in the hold-out, where nobody answered: then a classifier can be trained, and its
    gate certified, without a person; both are then as right as these labels are."""

    @field_validator("pattern")
    @classmethod
    def _has_one_group(cls, value: str | None) -> str | None:
        return with_one_group("labels.given.pattern", value)


def with_one_group(name: str, pattern: str | None) -> str | None:
    """The pattern, whose first group is a class.

    Raises: ValueError where it is no regular expression, or has no group.
    """
    if pattern is None:
        return None
    try:
        n_groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{name} {pattern!r} is no regular expression ({error}); mend it") from error
    if n_groups < 1:
        raise ValueError(f"{name} {pattern!r} has no group; put parentheses around the class")
    return pattern
