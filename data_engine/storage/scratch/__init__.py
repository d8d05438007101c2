"""Files without a name that hold what a step cannot hold in memory; they are freed with the process, also a killed one.

Tables and everything else that stays is written by the other modules of `data_engine.storage`.
"""

from data_engine.storage.scratch.float_rows import ScratchFloats
from data_engine.storage.scratch.ordered_batches import OrderedBatches
from data_engine.storage.scratch.text_rows import ScratchTexts

__all__ = ["OrderedBatches", "ScratchFloats", "ScratchTexts"]
