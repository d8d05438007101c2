"""Ids of children: images made of another one by a change, whose id tells of which and how.

How they are made is in `data_engine.images.children`.
"""

CHANGES = ("crop", "brightness", "contrast")
"""What may be changed, as it stands in the id of a child."""

_MARK = "+"


def child_id(parent: str, change: str) -> str:
    """The id of a child: that of its parent, a plus sign and the change, from which its content follows."""
    return f"{parent}{_MARK}{change}"


def parent_and_change(sample_id: str) -> tuple[str, str]:
    """The sample that a child was made of and how it was changed; of any other sample itself and nothing."""
    parent, _, change = sample_id.partition(_MARK)
    return parent, change
