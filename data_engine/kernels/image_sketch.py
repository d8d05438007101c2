"""The sketch of one image, by which near-duplicates are found: hash, luma and colours, side by side in one array.

`image_shades.py` makes the shades and sums that it is computed from.

Gain and reference: as for `image_scan.py`.
"""

import numpy as np

from data_engine.kernels.image_shades import PER_SHADE
from data_engine.kernels.loading import compiled

#: Weights of red, green and blue in Cb and Cr (ITU-R BT.601), in millionths.
_CHROMA_WEIGHTS = ((-168_736, -331_264, 500_000), (500_000, -418_688, -81_312))
_PER_CHROMA = 1_000_000


@compiled
def sketched(grey, columns, cells, hash_cells, shape):
    """Sketch an image, from the arrays that `image_shades.shade` fills in.

    Args:
        grey: (h, padded) int32.
        columns: (n_fields, 3, padded) int32.
        cells: for the rows and for the columns of the luma, the first pixel and the weights of the pixels of each cell:
            (n_rows,) int64, (n_rows, n_weights) int32, (n_columns,), (n_columns, n_weights). Weights of a cell add up
            to the same number everywhere.
        hash_cells: the same for the cells of the hash over those of the luma; nine columns, which give 8 bits a row.
        shape: height and width of the image.

    Returns: (n,) uint8: a byte for each row of the hash, whose bits are set where the next cell is brighter; the luma
        of the cells, row by row; Cb, then Cr of n_fields x n_fields equal parts.
    """
    top, down, left, across = cells
    hash_top, hash_down, hash_left, hash_across = hash_cells
    n_rows, n_columns, n_bytes, n_fields = len(top), len(left), len(hash_top), len(columns)
    luma_at, chroma_at = n_bytes, n_bytes + n_rows * n_columns
    sketch, luma = np.zeros(chroma_at + 2 * n_fields * n_fields, np.uint8), np.empty((n_rows, n_columns), np.int32)
    totals, hashed = np.empty((n_rows, n_columns), np.int64), np.empty((n_bytes, len(hash_left)), np.int64)
    whole = down[0].sum() * across[0].sum()
    _shrink(grey, top, down, left, across, totals)
    for y in range(n_rows):
        for x in range(n_columns):
            shade = (totals[y, x] + whole * PER_SHADE // 2) // (whole * PER_SHADE)
            luma[y, x] = sketch[luma_at + n_columns * y + x] = shade
    _shrink(luma, hash_top, hash_down, hash_left, hash_across, hashed)
    for y in range(n_bytes):
        for x in range(1, len(hash_left)):
            if (hashed[y, x - 1] + whole // 2) // whole < (hashed[y, x] + whole // 2) // whole:
                sketch[y] |= np.uint8(128 >> (x - 1))
    _colour(columns, shape, sketch[chroma_at:])
    return sketch


@compiled
def _shrink(grey, top, down, left, across, out):
    """Fill in the weighted sums of cells: rows first, then columns."""
    row = np.empty(grey.shape[1], np.int32)
    for y in range(len(out)):
        row[:] = 0
        for step in range(0, down.shape[1] - 1, 2):
            weight, other_weight = down[y, step], down[y, step + 1]
            some, other = grey[top[y] + step], grey[top[y] + step + 1]
            for x in range(len(row)):
                row[x] += weight * some[x] + other_weight * other[x]
        if down.shape[1] % 2:
            weight, some = down[y, -1], grey[top[y] + down.shape[1] - 1]
            for x in range(len(row)):
                row[x] += weight * some[x]
        for x in range(out.shape[1]):
            total, weights = 0, across[x]
            pixels = row[left[x] : left[x] + len(weights)]
            for step in range(len(weights)):
                total += weights[step] * pixels[step]
            out[y, x] = total


@compiled
def _colour(columns, shape, out):
    """Fill in the mean Cb and Cr of each field of whole pixels, down and across as many as `columns` has."""
    (height, width), n_fields = shape, len(columns)
    for y in range(n_fields):
        top, bottom = y * height // n_fields, (y + 1) * height // n_fields
        # An empty field is the first row of the next one that has any.
        field = (n_fields * (top + 1) - 1) // height if top == bottom else y
        for x in range(n_fields):
            left = x * width // n_fields
            right = max(left + 1, (x + 1) * width // n_fields)
            n = max(1, bottom - top) * (right - left)
            red = columns[field, 0, left:right].sum()
            green = columns[field, 1, left:right].sum()
            blue = columns[field, 2, left:right].sum()
            unit = 2 * n * _PER_CHROMA
            for colour in range(2):
                weights = _CHROMA_WEIGHTS[colour]
                total = weights[0] * red + weights[1] * green + weights[2] * blue
                out[(colour * n_fields + y) * n_fields + x] = min(255, (2 * total + 257 * (unit // 2)) // unit)
