"""Ticking sensors of the corpus `notes`."""

from collections.abc import Callable

import dagster as dg
import pytest
from small_project import SmallProject
from ticking import Ticking


@pytest.fixture
def ticking(notes: SmallProject, instance: dg.DagsterInstance) -> Callable[[str], Ticking]:
    """Makes a ticking sensor of the corpus `notes`."""
    return lambda purpose: Ticking(notes, purpose, instance)
