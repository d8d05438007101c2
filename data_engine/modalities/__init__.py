"""What a sample can be: one file per modality, found by `registry.py`; the form of a declaration is `modality.py`."""

from data_engine.modalities.modality import Modality, load
from data_engine.modalities.registry import find_modality, modality_names

__all__ = ["Modality", "find_modality", "load", "modality_names"]
