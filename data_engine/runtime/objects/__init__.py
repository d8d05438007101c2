"""What a corpus that asks for objects does otherwise than one that asks for classes.

The steps themselves are in `data_engine.runtime.steps`.
"""
