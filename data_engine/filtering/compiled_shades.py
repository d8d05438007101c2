"""Shades of grey of a picture, compiled: what both its measures and its sketch begin with."""

from threading import local

import numpy as np
from numba import njit

from data_engine.filtering.picture_measures import BLUE, GREEN, RED

#: Sums of float32 may be added up in any order; nothing else is given up.
REASSOCIATE = {"reassoc", "nsz", "contract"}
_BYTE, _GREEN_AT, _BLUE_AT = np.int32(255), np.int32(8), np.int32(16)
_HALF = np.float32(0.5)
#: Compiled loops take so many pixels at once, and those that are left one by one: rows are padded to multiples.
_AT_ONCE = 64
_KEPT = local()


def shades_of(words):
    """What is known of a picture after one look at every pixel.

    Args:
        words: (h, w) uint32 as `pictures.words_of` gives them.

    Returns: (h, at least w) float32 shades of grey, zeros behind the ends of rows, until the same thread asks for the
    next; the sums of the shades, of red less green, of its square, of half of red and green less blue, and of its
    square; and the widest range of the channels of a pixel.
    """
    n_padded = -(-words.shape[1] // _AT_ONCE) * _AT_ONCE
    n = len(words) * n_padded
    if n > len(getattr(_KEPT, "room", ())):
        # New memory of this size is cleared by the system each time, which takes longer than to fill it.
        _KEPT.room = np.empty(n, np.float32)
    grey = _KEPT.room[:n].reshape(len(words), n_padded)
    return grey, *_fill(words, grey)


@njit(nogil=True, cache=True)
def _fill(words, grey):
    line, sums, widest = np.zeros(grey.shape[1], np.int32), np.zeros(5, np.float64), 0
    for y in range(len(words)):
        row = words[y]
        for x in range(len(row)):
            line[x] = row[x]
        widest = max(widest, _shade(line, grey[y], sums))
    return sums, widest


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def _shade(line, grey, sums):
    total = green = green_2 = blue = blue_2 = np.float32(0)
    widest = np.int32(0)
    for x in range(len(grey)):
        word = line[x]
        r = np.int32(word & _BYTE)
        g = np.int32((word >> _GREEN_AT) & _BYTE)
        b = np.int32((word >> _BLUE_AT) & _BYTE)
        widest = max(widest, np.int32(max(r, max(g, b)) - min(r, min(g, b))))
        red = np.float32(r)
        against_green = red - np.float32(g)
        against_blue = _HALF * (red + np.float32(g)) - np.float32(b)
        shade = RED * red + GREEN * np.float32(g) + BLUE * np.float32(b)
        grey[x] = shade
        total += shade
        green += against_green
        green_2 += against_green * against_green
        blue += against_blue
        blue_2 += against_blue * against_blue
    for place, value in enumerate((total, green, green_2, blue, blue_2)):
        sums[place] += value
    return widest
