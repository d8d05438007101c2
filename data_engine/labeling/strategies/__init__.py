"""Query strategies: whom to ask about next, one module per family.

`registry.py` lists them; planning a whole review batch is in `data_engine.labeling.rounds`.
"""
