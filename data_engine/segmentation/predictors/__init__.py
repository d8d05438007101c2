"""Ways to predict a mask from four extreme points: each takes a crop and gives a soft mask of it.

They are by name in `data_engine.segmentation.registry`, which makes segmenters of them.
"""
