"""Packs of texts for the packed BERT, and the threads that work on them.

The network that takes a pack is in `layers.py`. Batches with padding, for other models, are in
`embedding/sentence_transformers.py`.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate, groupby
from operator import itemgetter

import torch


def packs_of(lengths: Sequence[int], budget: int, n_threads: int) -> Iterator[list[int]]:
    """Positions in packs of about `budget` tokens or less, the longest texts first, so that equal lengths lie together.

    The packs are as many for each thread and about equally long, so that all threads are done at the same time.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    n_tokens = sum(lengths)
    n_packs = n_threads * -(-n_tokens // (budget * n_threads))
    ends = accumulate(lengths[i] for i in order)
    # Each text goes where its middle lies.
    numbered = [((2 * end - lengths[i]) * n_packs // (2 * n_tokens), i) for end, i in zip(ends, order, strict=True)]
    for _, pack in groupby(numbered, key=itemgetter(0)):
        yield [i for _, i in pack]


@contextmanager
def one_thread_per_core() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """As many threads as torch would use, each of which multiplies alone, and their number."""
    n_threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as threads:
            yield threads, n_threads
    finally:
        torch.set_num_threads(n_threads)
