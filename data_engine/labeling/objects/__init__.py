"""What is made of the objects of images besides answers: simulated clicks, and what is proposed.

What an answer of this kind is, is in `data_engine.labeling.answers`; masks are in `data_engine.segmentation`.
"""
