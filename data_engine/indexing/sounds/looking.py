"""look_at_sounds: sounds that rows, archives and folders hold as files, decoded once for what the raw index tells.

Clips that files are cut into are read in `clips.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.samples import RawSample
from data_engine.indexing.sounds.seen_clips import SeenClip, see_sounds
from data_engine.indexing.source_files import ReadOptions

_MOST_OF_A_GROUP, _BYTES_OF_A_GROUP = 32, 16 << 20


def look_at_sounds(samples: Iterable[RawSample], options: ReadOptions) -> Iterator[RawSample]:
    """Samples with type, thumbnail and metadata; those that cannot be decoded become unreadable, others pass by."""
    limits = Limits(options.max_sample_s, options.max_reader_bytes)
    for group in _groups(samples):
        contents = [sample.content for sample in group if sample.content is not None and sample.error is None]
        seen = _seen(contents, limits)
        for sample in group:
            is_asked = sample.content is not None and sample.error is None
            yield _looked_at(sample, next(seen)) if is_asked else sample


def _groups(samples: Iterable[RawSample]) -> Iterator[list[RawSample]]:
    group: list[RawSample] = []
    n_bytes = 0
    for sample in samples:
        group.append(sample)
        n_bytes += len(sample.content or b"")
        if len(group) >= _MOST_OF_A_GROUP or n_bytes >= _BYTES_OF_A_GROUP:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group


def _seen(contents: list[bytes], limits: Limits) -> Iterator[SeenClip]:
    """One for each content; one that ends the process is left out, and the next is asked for."""
    n_seen = 0
    while n_seen < len(contents):
        try:
            with borrowed_reader() as reader:
                for seen in reader.ask(see_sounds, contents[n_seen:], limits=limits, each=True):
                    n_seen += 1
                    yield seen
        except ReaderKilled as error:
            n_seen += 1
            yield SeenClip(error=f"{error} while it decoded this; repair it or remove it")


def _looked_at(sample: RawSample, seen: SeenClip) -> RawSample:
    known = replace(sample, content=None)
    if seen.error is not None:
        return replace(known, error=seen.error)
    metadata = {**seen.metadata, **known.metadata}
    return replace(known, media_type=seen.media_type, thumbnail=seen.thumbnail, metadata=metadata)
