"""The block `compute` of a corpus' YAML: where steps do long work; it decides how fast, never what comes out.

The engines are in `data_engine.compute`.
"""

from typing import Literal

from pydantic import Field

from data_engine.settings import Settings


class Compute(Settings):
    """Where long work is done: embedding, and the large levels of the cluster tree. Results are the same everywhere."""

    engine: Literal["local", "ray"] = "local"
    """local: by the process of the step; ray: by the nodes of a Ray cluster (extra `ray`), see docs/scaling.md."""
    address: str = Field(default="auto", pattern=r"^(auto|(ray://)?[^\s/:]+:[0-9]+)$")
    """Of the cluster: auto is the one that this host is a node of; or HOST:PORT, or ray://HOST:PORT."""
    from_minutes: float = Field(default=5.0, ge=0)
    """Estimated minutes of work on this host from which on the cluster does it; starting there takes half a minute."""
