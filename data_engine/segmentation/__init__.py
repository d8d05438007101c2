"""From extreme points to masks, and from masks to polygons that people can edit: arrays in, arrays out.

Answers that hold masks are in `data_engine.labeling.answers`.
"""

from data_engine.segmentation.polygons import to_mask, to_polygons
from data_engine.segmentation.rle import decode_rle, encode_rle

__all__ = ["decode_rle", "encode_rle", "to_mask", "to_polygons"]
