"""From extreme points to masks, and from masks to polygons that people can edit: arrays in, arrays out.

Answers that hold masks are in `data_engine.labeling.answers`.
"""

from data_engine.segmentation.polygons import to_mask, to_polygons
from data_engine.segmentation.registry import load_segmenter
from data_engine.segmentation.rle import decode_rle, encode_rle
from data_engine.segmentation.segmenter import Segmenter

__all__ = ["Segmenter", "decode_rle", "encode_rle", "load_segmenter", "to_mask", "to_polygons"]
